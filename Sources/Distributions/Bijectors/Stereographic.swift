/// Vectors x of K − 1 numbers onto the unit sphere in K dimensions but for one point, by projection
/// from that point (the last axis): y = (2x, |x|² − 1) / (|x|² + 1).
///
/// Zeros go to the point opposite. The log determinant is that of areas on the sphere,
/// (K − 1) log(2 / (1 + |x|²)): densities on the sphere are with respect to its area.
public struct Stereographic: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var codomain: Constraint { .sphere }

  public func forwardShape(_ shape: Shape) -> Shape {
    precondition(shape.last("Stereographic") > 0, "Stereographic: a sphere of no dimensions")
    return shape.withLast(shape.last("Stereographic") + 1)
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    precondition(shape.last("Stereographic") > 1, "Stereographic: a sphere of no dimensions")
    return shape.withLast(shape.last("Stereographic") - 1)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let dimension = Double(forwardShape(x.shape).last("Stereographic") - 1)
    let norm = square(x).sum(axis: -1, keepingAxes: true)
    let y = concat([2 * x, norm - 1], along: -1) / (norm + 1)
    return (y, dimension * (logTwo - log1p(norm.squeezing(at: -1))))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let count = inverseShape(y.shape).last("Stereographic")
    let side = y.slice(0..<count, along: -1)
    let height = y.slice(count..<count + 1, along: -1)
    // 1 − height, without cancellation near the point of projection.
    let isUpper = height .> 0
    let depth = `where`(
      isUpper,
      square(side).sum(axis: -1, keepingAxes: true) / (1 + `where`(isUpper, height, 0)), 1 - height)
    return (side / depth, -Double(count) * log(depth.squeezing(at: -1)))
  }
}
