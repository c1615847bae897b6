/// x ↦ P(X ≤ x), from the support of a continuous distribution onto the unit interval; log det
/// log p(x). Pyro's `CumulativeDistributionTransform`.
public struct Cumulative: Bijector {
  private let distribution: any QuantileDistribution

  /// - Parameter distribution: continuous, of numbers.
  public init(_ distribution: any QuantileDistribution) {
    precondition(
      !distribution.support.isDiscrete && distribution.eventShape.isEmpty,
      "Cumulative: \(type(of: distribution)) is no continuous distribution of numbers")
    self.distribution = distribution
  }

  public var domain: Constraint { distribution.support }
  public var codomain: Constraint { .unitInterval }
  public func forwardShape(_ shape: Shape) -> Shape {
    shape.broadcast(with: distribution.batchShape) ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (distribution.cdf(x), distribution.logProb(x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = distribution.icdf(y)
    return (x, -distribution.logProb(x))
  }
}
