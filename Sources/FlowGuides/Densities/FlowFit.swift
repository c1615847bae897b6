public import PPL

/// A flow fitted to data, and how the fit went.
public struct FlowFit: Sendable {
  /// What an epoch ended with: mean log densities of a row, in nats.
  public struct Epoch: Sendable {
    /// Of the rows trained on, while the parameters changed.
    public let training: Double
    /// Of the rows held back, at the end; nil if there are none.
    public let validation: Double?

    /// The better fit has the greater one; an epoch that is not finite is never the best.
    var score: Double {
      let score = validation ?? training
      return score.isFinite ? score : -.infinity
    }
  }

  /// The flow with the parameters of the best epoch.
  public let flow: NormalizingFlow
  public let epochs: [Epoch]
  /// The number of the epoch whose parameters were kept, from 0.
  public let bestEpoch: Int
  /// Whether the fit ended early, by Ctrl-C.
  public let wasInterrupted: Bool
}

/// What is wrong with the data that a flow was to be fitted to.
public enum FlowFitError: Error, CustomStringConvertible, Equatable {
  /// Rows of another shape than the flow's draws.
  case wrongShape(data: Shape, event: Shape)
  case tooFewRows(Int, validation: Double)
  /// The number of contexts is not that of the rows.
  case contexts(Shape?, rows: Int, dimension: Int)
  /// A row that has a NaN or an infinity, or lies where the flow's density is zero.
  case badRow(Int, values: String, support: String)
  /// No epoch, of this many, ended with a finite mean log density.
  case notFinite(epochs: Int)
  /// Not one epoch was finished.
  case interrupted

  public var description: String {
    switch self {
    case .wrongShape(let data, let event):
      "the data have the shape \(data); the flow needs rows of shape \(event): [rows] + \(event)"
    case .tooFewRows(let count, let validation):
      """
      \(count) rows, of which a fraction \(validation) is held back, leave none to train on or none \
      to validate with: give more rows, or validation: 0
      """
    case .contexts(let shape, let rows, let dimension):
      """
      the contexts have the shape \(shape.map { "\($0)" } ?? "of none at all"); the flow needs \
      \(dimension == 0 ? "none" : "[\(rows), \(dimension)]")
      """
    case .badRow(let row, let values, let support):
      "row \(row) of the data is \(values), which is not in the flow's support, \(support)"
    case .notFinite(let epochs):
      """
      the mean log density of the rows was infinite or NaN after each of \(epochs) epochs: scale the \
      data to a deviation of about 1, or lower the learning rate
      """
    case .interrupted: "the fit was interrupted in its first epoch; there is nothing to keep"
    }
  }
}

/// Fits the parameters of a flow to the rows of `data` by maximum likelihood.
///
/// Each step takes the gradient of the mean log density of a mini-batch; an epoch goes through all
/// rows once. After every epoch the rows held back are scored. The fit ends when their mean log
/// density has not risen for `patience` epochs, or by Ctrl-C, and the best parameters are kept. A
/// flow that has parameters starts from them.
///
/// A line of progress is shown when standard error is a terminal.
///
/// - Parameters:
///   - data: of shape [rows] + the flow's event shape.
///   - context: of shape [rows, contextDimension], for a flow that needs one.
///   - batchSize: the number of rows in a batch; all of them if there are fewer.
///   - validation: the fraction of the rows that is held back, chosen at random. With 0 the log
///     density of the rows trained on takes its place.
///   - dtype: of the parameters, to which the data are cast.
///   - seed: determines initial values, the rows held back and the batches.
/// - Throws: `FlowFitError` if the data do not suit the flow, or no epoch ends with a finite density;
///   `ModelError.notFinite` if the log density or its gradient is not finite too many times in a row.
public func fit(
  _ flow: NormalizingFlow, to data: Tensor, context: Tensor? = nil,
  optimizer: some Optimizer = Adam(0.001), epochs: Int = 200, batchSize: Int = 256,
  validation: Double = 0.1, patience: Int = 20, dtype: DType = .float64, seed: Int = 0,
  showsProgress: Bool = true
) throws -> FlowFit {
  precondition(epochs > 0 && patience > 0, "fit: \(epochs) epochs with a patience of \(patience)")
  precondition(
    validation >= 0 && validation < 1, "fit: validation must be in [0, 1), got \(validation)")
  let rows = try FlowRows(data, context, of: flow, dtype)
  let key = RandomKey(seed)
  let (training, heldBack) = try rows.split(validation, key: key.foldIn("validation"))
  let batches = Batches(training.columns, size: min(batchSize, training.count))
  let free = flow.free
  let share = 1 / Double(training.count)
  let model = {
    plate("rows", batches) { columns in
      let flow = columns.count > 1 ? free.conditioned(on: columns[1]) : free
      scaled(by: share) { factor("row", flow.logProb(columns[0])) }
    }
  }
  let svi = try SVI(model, guide: {}, optimizer: optimizer, dtype: dtype, seed: seed)
  if let start = flow.fittedParameters { svi.parameters = start }
  let steps = (training.count + batches.size - 1) / batches.size
  var record = EpochRecord(patience: patience)
  let review = Review(every: steps) { svi, losses in
    let parameters = svi.fittedParameters
    let mean = losses.suffix(steps).reduce(0, +) / Double(steps)
    let epoch = FlowFit.Epoch(
      training: -mean, validation: heldBack.map { $0.meanLogProb(free.with(parameters)) })
    return record.add(epoch, parameters) ? .goesOn : .ends
  }
  let run = try svi.run(
    steps: steps * epochs, showsProgress: showsProgress, estimate: "log density", review: review)
  guard let best = record.best else {
    let count = record.epochs.count
    throw count == 0 ? FlowFitError.interrupted : .notFinite(epochs: count)
  }
  return FlowFit(
    flow: free.with(best.parameters), epochs: record.epochs, bestEpoch: best.number,
    wasInterrupted: run.wasInterrupted)
}

/// The epochs so far, and the best of them.
private struct EpochRecord {
  let patience: Int
  var epochs: [FlowFit.Epoch] = []
  var best: (number: Int, parameters: ParameterStore)?

  /// Adds an epoch; returns whether there shall be another.
  mutating func add(_ epoch: FlowFit.Epoch, _ parameters: ParameterStore) -> Bool {
    epochs.append(epoch)
    let number = epochs.count - 1
    if epoch.score > best.map({ epochs[$0.number].score }) ?? -.infinity {
      best = (number, parameters)
    }
    return number - (best?.number ?? 0) < patience
  }
}

/// Data, and their contexts.
private struct FlowRows {
  /// The data, then the contexts if there are any.
  let columns: [Tensor]
  var count: Int { columns[0].shape[0] }

  private init(_ columns: [Tensor]) { self.columns = columns }

  init(
    _ data: Tensor, _ context: Tensor?, of flow: NormalizingFlow, _ dtype: DType
  ) throws(FlowFitError) {
    let count = data.shape.first ?? 0
    let dimension = flow.contextDimension
    guard context?.shape == (dimension > 0 ? [count, dimension] : nil) else {
      throw .contexts(context?.shape, rows: count, dimension: dimension)
    }
    let placed = context.map(flow.conditioned) ?? flow
    guard data.rank > 0, Shape(data.shape.dropFirst()) == placed.eventShape else {
      throw .wrongShape(data: data.shape, event: placed.eventShape)
    }
    columns = ([data] + (context.map { [$0] } ?? [])).map { $0.cast(to: dtype).detached() }
    try check(placed.support)
  }

  /// Checks that every row is in the support, with a context of numbers.
  private func check(_ support: Constraint) throws(FlowFitError) {
    let isGood = columns.reduce(support.contains(columns[0])) { isGood, column in
      let axes = (1..<column.rank).map { -$0 }
      return isGood .&& (axes.isEmpty ? isFinite(column) : isFinite(column).all(axes: axes))
    }
    guard let row = isGood.boolArray().firstIndex(of: false) else { return }
    throw .badRow(
      row,
      values: columns.map { "\($0.selecting(row, along: 0).array())" }.joined(separator: " in "),
      support: "\(support)")
  }

  /// Rows to train on, and the rows held back.
  func split(
    _ fraction: Double, key: RandomKey
  ) throws(FlowFitError) -> (training: FlowRows, heldBack: FlowRows?) {
    let number = Int((Double(count) * fraction).rounded())
    guard count > number, number > 0 || fraction == 0 else {
      throw .tooFewRows(count, validation: fraction)
    }
    if number == 0 { return (self, nil) }
    let order = key.permutation(count).intArray()
    let parts = [Array(order[number...]), Array(order[..<number])].map { indices in
      FlowRows(columns.map { $0.gathered(Tensor(indices), along: 0).detached() })
    }
    return (parts[0], parts[1])
  }

  /// The mean log density of the rows, computed some thousands at a time.
  func meanLogProb(_ flow: NormalizingFlow) -> Double {
    let step = 4096
    let sums = stride(from: 0, to: count, by: step).map { start -> Double in
      let part = columns.map { $0.slice(start..<min(start + step, count)) }
      let placed = part.count > 1 ? flow.conditioned(on: part[1]) : flow
      return placed.logProb(part[0]).sum().scalar()
    }
    return sums.reduce(0, +) / Double(count)
  }
}
