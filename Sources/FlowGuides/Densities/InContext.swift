internal import PPL

extension Compose {
  /// The parts in a given context, whose batch is that of the draws of a base.
  func inContext(_ context: Tensor, of base: some Distribution) -> [any Bijector] {
    var rank = max(eventRank, base.eventShape.rank)
    return flattened.map { part in
      // For a part of lower rank some axes of the event are part of its batch.
      let outer = rank - part.eventRank
      rank += part.valueRank - part.eventRank
      let own = (0..<outer).reduce(context) { context, _ in context.expandingDims(at: -2) }
      return InContext(base: part, context: own)
    }
  }

  /// The parts, and those of parts that are compositions themselves.
  private var flattened: [any Bijector] {
    parts.flatMap { ($0 as? Compose)?.flattened ?? [$0] }
  }
}

/// A bijector in a given context, whose batch is one of the bijector.
private struct InContext: BijectorWrapper {
  let base: any Bijector
  let context: Tensor

  /// To know where a value came from takes the context.
  func image(of set: Constraint) -> Constraint {
    eventRank == 0 ? base.image(of: set) : imageByInverse(of: set)
  }

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
