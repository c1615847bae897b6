/// A density of 1 all over a set: a prior that says nothing but where a value lies.
///
/// log p(x) = 0 in the support. It has no draws; guides and samplers start from elsewhere.
public struct ImproperUniform: Distribution {
  public let support: Constraint
  public private(set) var batchShape: Shape
  public let eventShape: Shape
  public var parameters: [Parameter] { [] }
  public var isReparameterized: Bool { false }

  /// - Parameter eventShape: the shape of one value, with at least the axes of the support's values.
  public init(_ support: Constraint, batchShape: Shape = [], eventShape: Shape = []) {
    precondition(
      eventShape.rank >= support.eventRank,
      """
      ImproperUniform: a value that is \(support) has \(support.eventRank) axes, the event shape \
      is \(eventShape)
      """)
    self.support = support
    self.batchShape = batchShape
    self.eventShape = eventShape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    func innermost(_ rank: Int) -> [Int] { (0..<rank).map { -1 - $0 } }
    var isInside = support.contains(value)
    let excess = eventShape.rank - support.eventRank
    if excess > 0 { isInside = isInside.all(axes: innermost(excess)) }
    var isUnknown = isNaN(value)
    if eventShape.rank > 0 { isUnknown = isUnknown.any(axes: innermost(eventShape.rank)) }
    let dtype = value.dtype.isFloat ? value.dtype : .float64
    let logDensity = `where`(isUnknown, notANumber, `where`(isInside, 0, logZero))
    return overBatch(logDensity.cast(to: dtype))
  }

  /// Traps: there is nothing to draw from.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    preconditionFailure(
      """
      ImproperUniform: a density that does not integrate to one has no draws; observe the site, or \
      run the model with a guide that proposes its values
      """)
  }

  public func expanded(to batchShape: Shape) -> ImproperUniform {
    var result = self
    result.batchShape = batchShape
    return result
  }
}
