internal import PPL

/// A bijector in a given context, whose batch is one of the bijector.
struct InContext: Bijector {
  let base: any Bijector
  let context: Tensor

  var eventRank: Int { base.eventRank }
  var valueRank: Int { base.valueRank }
  var domain: Constraint { base.domain }
  var codomain: Constraint { base.codomain }
  var isAutoregressive: Bool { base.isAutoregressive }
  var isVolumePreserving: Bool { base.isVolumePreserving }
  var startsNearIdentity: Bool { base.startsNearIdentity }
  func image(of set: Constraint) -> Constraint { base.image(of: set) }

  func forwardShape(_ shape: Shape) -> Shape {
    base.forwardShape(spread(shape, eventRank))
  }

  func inverseShape(_ shape: Shape) -> Shape {
    base.inverseShape(spread(shape, valueRank))
  }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    base.forwardAndLogDet(x, context: self.context)
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    base.inverseAndLogDet(y, context: self.context)
  }

  func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    base.forwardWithScore(x, score: score, context: self.context)
  }

  /// A shape whose batch is at least that of the context.
  private func spread(_ shape: Shape, _ rank: Int) -> Shape {
    let (batch, own) = (Shape(shape.dropLast(rank)), Shape(context.shape.dropLast()))
    guard let full = batch.broadcast(with: own) else {
      preconditionFailure("a batch of \(batch) points for a batch of \(own) contexts")
    }
    return full + Shape(shape.suffix(rank))
  }
}
