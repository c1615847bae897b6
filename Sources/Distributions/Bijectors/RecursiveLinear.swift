/// A linear recurrence over time: yₜ = A yₜ₋₁ + xₜ with y₀ = 0, on arrays of time × state.
///
/// The value at each time depends on the points up to it, so the log determinant is 0. A vector
/// autoregressive process is normal noise through this map.
public struct RecursiveLinear: Bijector, Equatable {
  private let transition: Tensor

  /// - Parameter transition: A, of shape … × n × n.
  public init(transition: Tensor) {
    precondition(
      transition.rank >= 2
        && transition.shape[transition.rank - 1] == transition.shape[transition.rank - 2],
      "RecursiveLinear: expected a square matrix, got the shape \(transition.shape)")
    self.transition = transition
  }

  public var eventRank: Int { 2 }
  public var isAutoregressive: Bool { true }
  public var isVolumePreserving: Bool { true }
  public static func == (a: RecursiveLinear, b: RecursiveLinear) -> Bool {
    a.transition.isKnownEqual(to: b.transition)
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    let batch = Shape(shape.dropLast(2)).broadcast(with: Shape(transition.shape.dropLast(2)))
    return (batch ?? Shape(shape.dropLast(2))) + Shape(shape.suffix(2))
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let noise = x.broadcast(to: forwardShape(x.shape))
    // Time first for the loop, and then back to its place.
    let rank = noise.rank
    let times = noise.transposed(to: [rank - 2] + (0..<rank - 2) + [rank - 1])
    let start = Tensor(floatLiteral: 0).broadcast(to: Shape(times.shape.dropFirst()))
    let (_, states) = scan(
      { carry, noise in
        let moved = matmul(transition, carry[0].expandingDims(at: -1)).squeezing(at: -1)
        let next = moved + noise[0]
        return ([next], [next])
      }, initial: [start], xs: [times])
    let y = states[0].transposed(to: Array(1..<rank - 1) + [0, rank - 1])
    return (y, zeros(y))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let count = y.shape[y.rank - 2]
    let before = y.slice(0..<count - 1, along: -2).padded(before: 1, after: 0, along: -2)
    let x = y - matmul(before, transition.transposed())
    return (x, zeros(x))
  }

  private func zeros(_ value: Tensor) -> Tensor {
    Tensor.zeros(Shape(value.shape.dropLast(2)), dtype: value.dtype)
  }
}
