/// Declares one copy of the sites in `body` for each row of some arrays, and computes with a
/// mini-batch of the rows: the same one in model and guide, another one at every step of a fit.
///
///     let rows = Batches([features, labels], size: 256)
///     plate("rows", rows) { columns in
///       sample("y", Bernoulli(logits: matmul(columns[0], weights)), observed: columns[1])
///     }
///
/// Log densities in the body are multiplied by rowCount / size. Outside of a fit's steps, in
/// predictions say, the body has all rows.
///
/// - Parameter body: receives the rows of each array.
@discardableResult
public func plate<Result>(
  _ name: String, _ batches: Batches, axis: Int? = nil, _ body: ([Tensor]) throws -> Result
) rethrows -> Result {
  var columns = batches.arrays
  var numbers: Tensor?
  HandlerFrame.visit(ParameterHandler.self) { handler in
    guard let supply = handler.batches else { return }
    columns = supply.columns(batches)
    numbers = columns.removeLast()
  }
  let plate = makePlate(name, batches.rowCount, count: columns[0].shape[0], axis)
  return try handle({ try body(columns) }, with: PlateHandler(plate, indices: numbers))
}

/// Supplies the mini-batches of a step.
final class BatchSupply: Sendable {
  /// A source of batches met in a step, and the tensors that stand for its batch and the numbers of
  /// its rows.
  struct Met: Sendable {
    let batches: Batches
    let columns: [Tensor]
  }

  private let step: Int
  private let key: Int64
  private let recorder: TraceRecorder
  private let met = Locked<[Met]>([])

  /// - Parameter recorder: notes reads of the batches, after which another step may have another
  ///   graph.
  init(step: Int, key: Int64, _ recorder: TraceRecorder) {
    self.step = step
    self.key = key
    self.recorder = recorder
  }

  func columns(_ batches: Batches) -> [Tensor] {
    met.withLock { met in
      if let known = met.first(where: { $0.batches === batches }) { return known.columns }
      let columns = batches.numberedTensors(step: step, key: key).map {
        Tensor.traced($0, recorder)
      }
      met.append(Met(batches: batches, columns: columns))
      return columns
    }
  }

  /// The sources met, in the order they were met.
  var sources: [Met] { met.withLock { $0 } }
}
