/// The empty vector, with a log density of one's choice: how a factor becomes a site.
public struct Unit: Distribution {
  public let logFactor: Tensor
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [0] }
  public var support: Constraint { .real.independent(1) }
  public var parameters: [Parameter] { [Parameter("logFactor", logFactor, .real)] }
  public let isReparameterized: Bool

  /// - Parameters:
  ///   - logFactor: the log density, any number.
  ///   - isReparameterized: whether `logFactor` is a differentiable function of what it was drawn by.
  public init(_ logFactor: Tensor, isReparameterized: Bool = false) {
    self.logFactor = logFactor
    self.isReparameterized = isReparameterized
    batchShape = logFactor.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    precondition(
      value.rank > 0 && value.shape[value.rank - 1] == 0,
      "Unit: the value is a vector of no elements, got the shape \(value.shape)")
    let rows = Shape(value.shape.dropLast())
    guard let shape = rows.broadcast(with: batchShape) else {
      preconditionFailure("Unit: a value of batch shape \(rows) for a batch of \(batchShape)")
    }
    return logFactor.following(value).broadcast(to: shape)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    Tensor.zeros(shape + batchShape + eventShape, dtype: drawDType([logFactor], dtype))
  }

  public func expanded(to batchShape: Shape) -> Unit {
    var result = self
    result.batchShape = batchShape
    return result
  }
}
