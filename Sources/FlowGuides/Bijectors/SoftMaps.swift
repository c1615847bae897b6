public import PPL

/// x ↦ tanh x + slope · x: bends like tanh and yet reaches every number. Log det log(1 − tanh² x +
/// slope); backwards by root finding.
public struct LeakyTanh: Bijector, Equatable {
  private let slope: Double

  /// - Parameter slope: that of the tails; positive.
  public init(slope: Double = 0.01) {
    precondition(slope > 0, "LeakyTanh: slope must be positive, got \(slope)")
    self.slope = slope
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (tanh(x) + slope * x, logSlope(x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = tanhRoot(y / slope, Tensor(1 + 1 / slope, dtype: y.dtype))
    return (x, -logSlope(x))
  }

  private func logSlope(_ x: Tensor) -> Tensor {
    logAddExp(Tanh().forwardAndLogDet(x, context: nil).logDet, log(Tensor(floatLiteral: slope)))
  }
}

/// x ↦ slope · x + (1 − slope) softplus(x): slopes from `slope` to 1 without a kink. Log det
/// log(slope + (1 − slope) sigmoid(x)); backwards by root finding.
public struct SoftLeakyReLU: Bijector, Equatable {
  private let slope: Double

  /// - Parameter slope: that far on the left, between 0 and 1.
  public init(slope: Double = 0.01) {
    precondition(
      slope > 0 && slope < 1, "SoftLeakyReLU: slope must be between 0 and 1, got \(slope)")
    self.slope = slope
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (slope * x + (1 - slope) * softplus(x), log(derivative(x)))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = monotoneRoot(of: y) { x in
      (slope * x + (1 - slope) * softplus(x), derivative(x))
    }
    return (x, -log(derivative(x)))
  }

  private func derivative(_ x: Tensor) -> Tensor { slope + (1 - slope) * sigmoid(x) }
}

/// x ↦ x / (1 + |x| / bound), onto the numbers between −bound and bound; log det −2 log(1 + |x| /
/// bound).
public struct Softclip: Bijector, Equatable {
  private let bound: Double

  /// - Parameter bound: positive.
  public init(bound: Double = 5) {
    precondition(bound > 0, "Softclip: bound must be positive, got \(bound)")
    self.bound = bound
  }

  public var codomain: Constraint {
    .openInterval(Tensor(floatLiteral: -bound), Tensor(floatLiteral: bound))
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let ratio = abs(x) / bound
    return (x / (1 + ratio), -2 * log1p(ratio))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let ratio = abs(y) / bound
    return (y / (1 - ratio), -2 * log1p(-ratio))
  }
}

/// x ↦ (2a / π) atan(x / a) with a = `upper` above 0 and −`lower` below (Andrade 2024): onto the
/// numbers between the two, of slope 2 / π at 0. Log det log(2 / π) − log(1 + (x / a)²).
public struct SoftClamp: Bijector, Equatable {
  private let lower: Double
  private let upper: Double

  /// - Parameters:
  ///   - lower: negative.
  ///   - upper: positive.
  public init(lower: Double = -2, upper: Double = 0.1) {
    precondition(
      lower < 0 && upper > 0, "SoftClamp: expected lower < 0 < upper, got \(lower), \(upper)")
    self.lower = lower
    self.upper = upper
  }

  public var codomain: Constraint {
    .openInterval(Tensor(floatLiteral: lower), Tensor(floatLiteral: upper))
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let a = bound(x)
    let ratio = x / a
    return (2 / Double.pi * a * atan(ratio), logOfSlope - log1p(ratio * ratio))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let a = bound(y)
    let ratio = tan(.pi / 2 * y / a)
    return (a * ratio, log1p(ratio * ratio) - logOfSlope)
  }

  private func bound(_ x: Tensor) -> Tensor {
    `where`(x .>= 0, Tensor(floatLiteral: upper), Tensor(floatLiteral: -lower)).cast(to: x.dtype)
  }
}

/// log(2 / π).
private let logOfSlope: Tensor = -0.451582705289454864726195229894882143
