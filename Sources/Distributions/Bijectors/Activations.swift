/// x ↦ tanh x, onto the numbers between −1 and 1; log det 2 (log 2 − x − softplus(−2x)).
public struct Tanh: Bijector, Equatable {
  public init() {}
  public var codomain: Constraint { .interval(-1, 1) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    // 1 − tanh² = 4 σ(2x) σ(−2x)
    (tanh(x), logSigmoid(2 * x) + logSigmoid(-2 * x) + logFour)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (atanh(y), -log1p(y) - log1p(-y))
  }
}

/// The exponential linear unit: x where x > 0, else eˣ − 1, onto the numbers above −1; log det
/// min(x, 0).
public struct ELU: Bijector, Equatable {
  public init() {}
  public var codomain: Constraint { .greaterThan(-1) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let isPositive = x .> 0
    let negative = `where`(isPositive, 0, x)
    return (`where`(isPositive, x, expm1(negative)), negative)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let isPositive = y .> 0
    let negative = log1p(`where`(isPositive, 0, y))
    return (`where`(isPositive, y, negative), -negative)
  }
}

/// x where x > 0, else slope · x; log det 0 or log slope.
public struct LeakyReLU: Bijector, Equatable {
  private let slope: Tensor

  /// - Parameter slope: positive.
  public init(slope: Tensor = 0.01) {
    requireParameter(slope, .positive, "LeakyReLU", "slope")
    self.slope = slope
  }

  public static func == (a: LeakyReLU, b: LeakyReLU) -> Bool {
    a.slope.isKnownEqual(to: b.slope)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let isPositive = x .> 0
    let y = `where`(isPositive, x, slope * x)
    return (y, `where`(isPositive, 0, log(slope)).cast(to: x.dtype).broadcast(to: y.shape))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let isPositive = y .> 0
    let x = `where`(isPositive, y, y / slope)
    return (x, `where`(isPositive, 0, -log(slope)).cast(to: y.dtype).broadcast(to: x.shape))
  }

  public func forwardShape(_ shape: Shape) -> Shape { shape.broadcast(with: slope.shape) ?? shape }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }
}
