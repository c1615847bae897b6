/// A family of distributions over the latent sites of a model, from which SVI picks one.
public protocol Guide {
  /// The code that draws the latent sites; run like a model.
  ///
  /// - Throws: `ModelError` if the model's sites are of a kind the guide cannot draw.
  func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void
}

/// A guide written by hand.
public struct FunctionGuide: Guide {
  private let draw: () -> Void

  /// - Parameter draw: draws every latent site of the model under its own name.
  public init<Result>(_ draw: @escaping () -> Result) { self.draw = { _ = draw() } }

  public func body(for model: @escaping () -> Void, dtype: DType) -> () -> Void { draw }
}

extension SVI {
  /// Fits a guide written as a function that draws every latent site of the model.
  public convenience init<Result, Drawn>(
    _ model: @escaping () -> Result, guide: @escaping () -> Drawn, optimizer: some Optimizer,
    loss: any Objective = TraceELBO(), dtype: DType = .float64, seed: Int = 0
  ) throws {
    try self.init(
      model, FunctionGuide(guide), optimizer: optimizer, loss: loss, dtype: dtype, seed: seed)
  }
}
