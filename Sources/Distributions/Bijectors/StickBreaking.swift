import Foundation

/// Vectors of K − 1 numbers onto the simplex of K probabilities, by breaking a stick: yₖ is the share
/// sigmoid(xₖ − log(K − k)) of what the elements before it leave over.
///
/// The offset makes zeros the uniform vector. The log determinant is that of the first K − 1
/// probabilities: Σₖ (log yₖ + log(1 − shareₖ)). Pyro's `StickBreakingTransform`.
public struct StickBreaking: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var codomain: Constraint { .simplex }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.withLast(shape.last("StickBreaking") + 1)
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    let count = shape.last("StickBreaking")
    precondition(count > 0, "StickBreaking: a simplex of no elements")
    return shape.withLast(count - 1)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let t = x - Self.offset(x.shape.last("StickBreaking"), x.dtype)
    let logRest = logSigmoid(-t)
    // What is left before each share, and after the last one.
    let left = logRest.cumulativeSum(along: -1).padded(before: 1, after: 0, along: -1)
    let logY = logSigmoid(t).padded(before: 0, after: 1, along: -1) + left
    let count = x.shape.last("StickBreaking")
    let logDet = (logY.slice(0..<count, along: -1) + logRest).sum(axis: -1)
    return (exp(logY), logDet)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let count = inverseShape(y.shape).last("StickBreaking")
    let left = y.flipped(along: -1).cumulativeSum(along: -1).flipped(along: -1)
    let own = log(y.slice(0..<count, along: -1))
    let rest = log(left.slice(1..<count + 1, along: -1))
    let before = log(left.slice(0..<count, along: -1))
    let x = own - rest + Self.offset(count, y.dtype)
    return (x, (before - own - rest).sum(axis: -1))
  }

  /// log(K − k) for k = 1 … K − 1.
  private static func offset(_ count: Int, _ dtype: DType) -> Tensor {
    Tensor((0..<count).map { log(Double(count - $0)) }, dtype: dtype)
  }
}

extension Shape {
  /// The extent of the last axis; traps where there is none.
  func last(_ name: StaticString) -> Int {
    precondition(rank > 0, "\(name): expected a vector, got a number")
    return self[rank - 1]
  }

  func withLast(_ extent: Int) -> Shape { Shape(dropLast()) + [extent] }
}
