public import PPL

/// The identity up to a threshold τ and logarithmic beyond, sign(x) (min(|x|, τ) + log(1 + max(|x|
/// − τ, 0))): far values come near, which keeps deep flows finite in many dimensions (Andrade
/// 2024). Log det −log(1 + max(|x| − τ, 0)).
public struct LOFT: Bijector, Equatable {
  private let threshold: Double

  /// - Parameter threshold: τ, positive.
  public init(threshold: Double = 100) {
    precondition(threshold > 0, "LOFT: threshold must be positive, got \(threshold)")
    self.threshold = threshold
  }

  public var startsNearIdentity: Bool { threshold >= 4 }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let logExcess = log1p(excess(x))
    return (near(x) + sign(x) * logExcess, -logExcess)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let logExcess = excess(y)
    return (near(y) + sign(y) * expm1(logExcess), logExcess)
  }

  private func near(_ x: Tensor) -> Tensor {
    clamp(x, Tensor(floatLiteral: -threshold), Tensor(floatLiteral: threshold))
  }

  private func excess(_ x: Tensor) -> Tensor {
    let size = abs(x)
    return `where`(size .> Tensor(floatLiteral: threshold), size - threshold, 0)
  }
}
