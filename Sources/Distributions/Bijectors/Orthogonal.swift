import Foundation

/// The orthonormal discrete cosine transform (type II) of vectors, by a matrix product.
///
/// yₖ = cₖ Σⱼ xⱼ cos(π (j + ½) k / n) with c₀ = √(1/n) and cₖ = √(2/n).
public struct DiscreteCosine: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (matmul(x, Self.matrix(like: x).transposed()), zeroLogDet(of: x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (matmul(y, Self.matrix(like: y)), zeroLogDet(of: y))
  }

  private static func matrix(like x: Tensor) -> Tensor {
    let n = x.shape.last("DiscreteCosine")
    var elements: [Double] = []
    for k in 0..<n {
      let scale = (Double(k == 0 ? 1 : 2) / Double(n)).squareRoot()
      for j in 0..<n {
        // The angle is π (2j + 1) k / 2n; whole turns are taken off before it is rounded.
        let quarter = Double((2 * j + 1) * k % (4 * n)) / Double(2 * n)
        elements.append(scale * cos(.pi * quarter))
      }
    }
    return Tensor(elements, shape: [n, n], dtype: x.dtype)
  }
}

/// The orthonormal Haar wavelet transform of vectors: sums and differences of neighbours over √2,
/// then the same of the sums, down to one.
///
/// Coarse before fine: the last sum, then the differences of each level. Where a level has an odd
/// number of sums the last one goes on to the next level as it is.
public struct Haar: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    var sums = x
    var count = x.shape.last("Haar")
    var details: [Tensor] = []
    while count > 1 {
      let paired = count / 2 * 2
      let even = sums.slice(0..<paired, along: -1, stride: 2)
      let odd = sums.slice(1..<paired, along: -1, stride: 2)
      let single = sums.slice(paired..<count, along: -1)
      details.append((even - odd) * rootHalf)
      sums = (even + odd) * rootHalf
      if paired < count { sums = concat([sums, single], along: -1) }
      count -= paired / 2
    }
    return (concat([sums] + details.reversed(), along: -1), zeroLogDet(of: x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let total = y.shape.last("Haar")
    // The numbers of sums on the levels, the finest first.
    var counts = [total]
    while let count = counts.last, count > 1 { counts.append(count - count / 2) }
    var x = y.slice(0..<min(1, total), along: -1)
    for count in counts.dropLast().reversed() {
      let pairs = count / 2
      let details = y.slice(count - pairs..<count, along: -1)
      let sums = x.slice(0..<pairs, along: -1)
      let both = [(sums + details) * rootHalf, (sums - details) * rootHalf]
      let merged = stack(both, along: -1).reshaped(to: x.shape.withLast(2 * pairs))
      x = concat([merged, x.slice(pairs..<count - pairs, along: -1)], along: -1)
    }
    return (x, zeroLogDet(of: y))
  }
}
