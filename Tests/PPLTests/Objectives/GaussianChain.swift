import PPL

/// z₁ ~ N(0.2, 1/√λ₀), zₖ ~ N(zₖ₋₁, 1/√λₖ₋₁), data ~ N(z_N, 1/√λ_N), with λₖ = 1.5 (k + 1) / N; the
/// guide draws them in reverse order.
struct GaussianChain {
  static let data = [-0.1, 0.03, 0.2, 0.1]
  let count: Int
  private let precisions: [Double]

  init(_ count: Int) {
    self.count = count
    precisions = (0...count).map { 1.5 * Double($0 + 1) / Double(count) }
  }

  func model() {
    var z: Tensor = 0.2
    for k in 1...count {
      z = sample("z\(k)", Normal(z, Tensor(scalar: 1 / precisions[k - 1].squareRoot())))
    }
    let scale = Tensor(scalar: 1 / precisions[count].squareRoot())
    plate("data", Self.data.count) {
      _ = sample("x", Normal(z, scale), observed: Tensor(Self.data))
    }
  }

  /// z_N ~ N(loc, scale), zₖ ~ N(slope · zₖ₊₁ + loc, scale).
  func guide(
    _ locs: [Tensor], _ slopes: [Tensor], _ scales: [Tensor], infer: (Int) -> InferConfig?
  ) {
    var z = sample(
      "z\(count)", Normal(locs[count - 1], scales[count - 1]), infer: infer(count))
    for k in (1..<count).reversed() {
      z = sample(
        "z\(k)", Normal(slopes[k - 1] * z + locs[k - 1], scales[k - 1]), infer: infer(k))
    }
  }

  /// What makes the guide the posterior.
  ///
  /// Going forward, zₖ is normal with a precision that the next step adds to.
  var posterior: (locs: [Double], slopes: [Double], scales: [Double]) {
    var (locs, slopes, scales): ([Double], [Double], [Double]) = ([], [], [])
    var variance = 1 / precisions[0]
    for k in 1..<count {
      // zₖ given zₖ₊₁, from zₖ ~ N(0.2, variance).
      let precision = 1 / variance + precisions[k]
      locs.append(0.2 / variance / precision)
      slopes.append(precisions[k] / precision)
      scales.append(1 / precision.squareRoot())
      variance += 1 / precisions[k]
    }
    let precision = 1 / variance + Double(Self.data.count) * precisions[count]
    locs.append((0.2 / variance + Self.data.reduce(0, +) * precisions[count]) / precision)
    scales.append(1 / precision.squareRoot())
    return (locs, slopes, scales)
  }

  /// The log density of the data, one after the other.
  var logEvidence: Double {
    var (mean, variance) = (0.2, precisions[..<count].reduce(0) { $0 + 1 / $1 })
    var total = 0.0
    for x in Self.data {
      let noise = 1 / precisions[count]
      total += normalLogDensity(x, mean, (variance + noise).squareRoot())
      let gain = variance / (variance + noise)
      mean += gain * (x - mean)
      variance *= 1 - gain
    }
    return total
  }
}
