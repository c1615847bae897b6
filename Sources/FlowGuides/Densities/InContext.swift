internal import PPL

/// A bijector in a given context, whose batch is one of the bijector.
struct InContext: BijectorWrapper {
  let base: any Bijector
  let context: Tensor

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
