/// The normal distribution of parameters `loc` and `scale`, known to lie between two bounds, either of
/// which may be missing.
///
/// log p(x) = log Normal(x; loc, scale) − log P(low ≤ x ≤ high), for low ≤ x ≤ high
///
/// `loc` and `scale` are those before truncation. Densities, probabilities, draws and their
/// derivatives are accurate for bounds far in one tail, and for bounds close together.
public struct TruncatedNormal: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let loc: Tensor
  public let scale: Tensor
  public let low: Tensor?
  public let high: Tensor?
  public private(set) var batchShape: Shape

  /// - Parameters:
  ///   - scale: positive.
  ///   - low: the least value; nil for none.
  ///   - high: the greatest value, above `low`; nil for none.
  public init(_ loc: Tensor = 0, _ scale: Tensor = 1, low: Tensor? = nil, high: Tensor? = nil) {
    precondition(low != nil || high != nil, "TruncatedNormal: a bound is missing")
    requireParameter(loc, .real, "TruncatedNormal", "loc")
    requireParameter(scale, .positive, "TruncatedNormal", "scale")
    if let low { requireParameter(low, .real, "TruncatedNormal", "low") }
    if let high {
      requireParameter(high, .greaterThan(low ?? -.infinite), "TruncatedNormal", "high")
    }
    self.loc = loc
    self.scale = scale
    self.low = low
    self.high = high
    var arguments = [("loc", loc), ("scale", scale)]
    if let low { arguments.append(("low", low)) }
    if let high { arguments.append(("high", high)) }
    batchShape = Distributions.batchShape(of: "TruncatedNormal", arguments)
  }

  public var support: Constraint {
    switch (low, high) {
    case (let low?, let high?): .interval(low, high)
    case (let low?, nil): .atLeast(low)
    case (nil, let high?): .atMost(high)
    case (nil, nil): .real
    }
  }

  public var parameters: [Parameter] {
    var result = [Parameter("loc", loc, .real), Parameter("scale", scale, .positive)]
    if let low { result.append(Parameter("low", low, .real)) }
    if let high {
      result.append(Parameter("high", high, low.map { .greaterThan($0) } ?? .real))
    }
    return result
  }

  // The bounds of the standardised variable.
  private var a: Tensor { low.map { ($0 - loc) / scale } ?? -.infinite }
  private var b: Tensor { high.map { ($0 - loc) / scale } ?? .infinite }

  /// log(Φ(z) − Φ(a)), z being the standardised `x`: by the distance of x from a bound.
  private func logMass(upTo x: Tensor) -> Tensor {
    guard let low else { return logNormalCDF((x - loc) / scale) }
    return logNormalWindow(a, (x - low) / scale)
  }

  /// log(Φ(b) − Φ(a)).
  private var logMass: Tensor {
    guard let high else { return logNormalCDF(-a) }
    return logMass(upTo: high)
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let isOutside = (value .< (low ?? -.infinite)) .|| (value .> (high ?? .infinite))
    let inside = isOutside .|| (abs(value) .== .infinite)
    let z = (`where`(inside, low ?? high ?? 0, value) - loc) / scale
    let density = minusHalf * square(z) - (log(scale) + halfLog2Pi) - logMass
    return overBatch(`where`(inside, logZero, density))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    return icdf(key.uniform(shape + batchShape, dtype: dtype))
  }

  public func expanded(to batchShape: Shape) -> TruncatedNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public func cdf(_ value: Tensor) -> Tensor {
    let isAbove = high.map { value .>= $0 } ?? (value .== .infinite)
    let isBelow = low.map { value .<= $0 } ?? (value .== -.infinite)
    let middle = low.map { $0 + scale } ?? high ?? 0
    let x = `where`(isAbove .|| isBelow, middle, value)
    let inside = exp(logMass(upTo: x) - logMass)
    return overBatch(`where`(isAbove, 1, `where`(isBelow, 0, inside)))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    var x = loc + scale * truncatedNormalQuantile(a, b, probability)
    if let low { x = maximum(x, low) }
    if let high { x = minimum(x, high) }
    return overBatch(x)
  }

  /// loc + scale (φ(a) − φ(b)) / m, m the mass between the standardised bounds a and b.
  public var mean: Tensor {
    (loc + scale * truncatedNormalMoments(a, b).mean).broadcast(to: batchShape)
  }

  /// scale² (1 + (a φ(a) − b φ(b)) / m − ((φ(a) − φ(b)) / m)²).
  public var variance: Tensor {
    (square(scale) * truncatedNormalMoments(a, b).variance).broadcast(to: batchShape)
  }

  /// log(√(2πe) scale m) + (a φ(a) − b φ(b)) / 2m.
  public var entropy: Tensor {
    let (mean, variance) = truncatedNormalMoments(a, b)
    // E[z²] = 1 + (a φ(a) − b φ(b)) / m.
    let standard = logMass + oneHalf * (variance + square(mean))
    return (log(scale) + halfLog2Pi + standard).broadcast(to: batchShape)
  }
}
