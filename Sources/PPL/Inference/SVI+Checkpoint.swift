extension SVI {
  /// Writes everything from which the fit can go on, bit for bit: parameters, mutable values, the
  /// optimizer's state, the number of steps and the key of those to come.
  ///
  /// The file is whole or not there at all, also if the process is killed while it writes. It is in
  /// the safetensors format; see `ParameterStore.save(to:)` for what other programs read of it.
  ///
  /// - Throws: `FileError` if it cannot be written.
  public func save(to path: String) throws(FileError) {
    try Checkpoint(
      parameters: parameters, optimizerState: optimizerState,
      position: .init(
        key: key, stepsTaken: stepsTaken, updatesMade: updatesMade, stepsSkipped: skipped),
      of: chosenOptimizer
    ).write(to: path)
  }

  /// Goes on from where `save(to:)` was called: model, guide, optimizer and dtype must be the same.
  /// The seed is that of the fit that was saved.
  ///
  /// - Throws: `FileError` if the file is missing, damaged, or of another fit; nothing has changed
  ///   then.
  public func load(from path: String) throws(FileError) {
    let saved = try Checkpoint(contentsOf: path, for: parameters, chosenOptimizer)
    parameters = saved.parameters
    resolveOptimizer()
    optimizerState = saved.optimizerState
    key = saved.position.key
    stepsTaken = saved.position.stepsTaken
    updatesMade = saved.position.updatesMade
    skipped = saved.position.stepsSkipped
  }

  /// Takes parameters and mutable values from a file that `fit.parameters.save(to:)`, or another
  /// program, wrote; see `ParameterStore.load(from:)`. The optimizer starts anew, and so does its rate.
  ///
  /// `run(steps: 0)` then gives the fit that was saved.
  ///
  /// - Throws: `FileError` if the file is missing, damaged, or of another model or guide; nothing has
  ///   changed then.
  public func loadParameters(from path: String) throws(FileError) {
    try parameters.load(from: path)
    resolveOptimizer()
    optimizerState = optimizer.initialState(parameters.packed).map { $0.detached() }
    (updatesMade, skipped) = (0, 0)
  }
}
