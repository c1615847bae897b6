import Tensors

/// Everything from which a fit goes on, bit for bit: parameters, mutable values, the optimizer's
/// state, the steps done and the key of the steps to come.
///
/// As a file it is a file of parameters (see `ParameterStore.save(to:)`) that holds also the
/// optimizer's state as `optimizer/0`, `optimizer/1`, …, and the rest, in JSON,
/// under `checkpoint` in the metadata.
struct Checkpoint {
  var parameters: ParameterStore
  /// As the optimizer made it, for the parameters in their order.
  var optimizerState: [Tensor]
  var position: Position
  /// The optimizer's type.
  private let rule: String

  init(
    parameters: ParameterStore, optimizerState: [Tensor], position: Position,
    of optimizer: any Optimizer
  ) {
    self.parameters = parameters
    self.optimizerState = optimizerState
    self.position = position
    rule = "\(type(of: optimizer))"
  }

  /// Where the run stood.
  struct Position: Codable, Equatable {
    /// The key of the run.
    var key: Int64
    var stepsTaken: Int
    /// Steps that changed the parameters.
    var updatesMade: Int
    /// Steps in a row, up to now, that did not.
    var stepsSkipped: Int
  }

  private struct Form: Codable {
    var version = 1
    let dtype: String
    let optimizer: String
    let optimizerState: Int
    let position: Position
  }

  private static let key = "checkpoint"

  private static func stateName(_ index: Int) -> String { "optimizer/\(index)" }

  /// Writes a file, whole or not at all: a process killed while it writes leaves the old one.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  func write(to path: String) throws(FileError) {
    var file = SafeTensors()
    try parameters.write(into: &file, path)
    for (index, tensor) in optimizerState.enumerated() {
      try file.add(tensor, as: Checkpoint.stateName(index), path)
    }
    let form = Form(
      dtype: "\(parameters.packed.dtype)", optimizer: rule, optimizerState: optimizerState.count,
      position: position)
    file.metadata[Checkpoint.key] = try jsonText(form, path)
    try file.write(to: path)
  }

  /// The checkpoint in a file, for a model and an optimizer.
  ///
  /// - Parameters:
  ///   - parameters: those of the model, whose names, constraints and shapes the file must have.
  ///   - optimizer: must be of the same type, and have as much state as the file, of the same shapes.
  /// - Throws: `FileError` if the file is missing or damaged, no checkpoint, or one of another fit.
  init(
    contentsOf path: String, for parameters: ParameterStore, _ optimizer: any Optimizer
  ) throws(FileError) {
    let file = try SafeTensors(contentsOf: path)
    guard let text = file.metadata[Checkpoint.key] else {
      throw .malformed(path, reason: "no checkpoint: it has no account of a fit's progress")
    }
    guard file.isVerified, let form = jsonValue(Form.self, text), form.version == 1 else {
      throw .malformed(
        path, reason: "a checkpoint that is damaged, or that a later version has written")
    }
    guard form.dtype == "\(parameters.packed.dtype)" else {
      throw .mismatch(
        path, name: Checkpoint.key, what: "dtype", file: form.dtype,
        model: "\(parameters.packed.dtype)")
    }
    rule = "\(type(of: optimizer))"
    guard form.optimizer == rule else {
      throw .mismatch(
        path, name: Checkpoint.key, what: "optimizer", file: form.optimizer, model: rule)
    }
    self.parameters = parameters
    try self.parameters.restore(try parameters.saved(in: file, path), from: path)
    optimizerState = try Checkpoint.state(form.optimizerState, file, path)
    position = form.position
    let resolved = optimizer.resolved(
      for: self.parameters.entries.map(ParameterRange.init))
    try requireState(like: resolved.initialState(self.parameters.packed), path)
  }

  private static func state(
    _ count: Int, _ file: SafeTensors, _ path: String
  ) throws(FileError) -> [Tensor] {
    var state: [Tensor] = []
    for index in 0..<max(count, 0) { state.append(try file.require(stateName(index), path)) }
    return state
  }

  private func requireState(like model: [Tensor], _ path: String) throws(FileError) {
    func form(_ state: [Tensor]) -> [String] { state.map { "\($0.dtype) \($0.shape)" } }
    guard form(optimizerState) == form(model) else {
      throw .mismatch(
        path, name: "optimizer", what: "state", file: "\(form(optimizerState))",
        model: "\(form(model))")
    }
  }
}
