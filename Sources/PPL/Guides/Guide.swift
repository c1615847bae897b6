public import Tensors

/// A family of distributions over the latent sites of a model, from which SVI picks one.
public protocol Guide {
  /// The code that draws the latent sites; run like a model.
  ///
  /// - Throws: `ModelError` if the model's sites are of a kind the guide cannot draw.
  func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void

  /// The same with what else is known of it; by default the body alone.
  ///
  /// - Parameter seed: makes what is random in looking for a start.
  func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide
}

extension Guide {
  public func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    PreparedGuide(try body(for: model, dtype: dtype))
  }
}

/// A guide that looks for a place to start.
package protocol StartingGuide: Guide, Sendable {
  var start: GuideStart { get }
  /// Whether its distribution follows from all latent sites of the model together, not from some.
  var isOfAllSites: Bool { get }

  /// The guide for the sites of a layout.
  func prepared(_ layout: LatentLayout, at found: FoundStart, dtype: DType) throws -> PreparedGuide
}

extension StartingGuide {
  package var isOfAllSites: Bool { false }

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    try prepared(for: model, dtype: dtype, seed: 0).draw
  }

  public func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    let layout = try LatentLayout(model, dtype: dtype)
    let found = try start.found(model, layout, seed: seed)
    return try prepared(layout, at: found, dtype: dtype)
  }
}

/// A guide for one model.
public struct PreparedGuide {
  /// Draws the latent sites.
  let draw: () -> Void
  /// Gives each number of the latent sites its quantile; nil if these are not known in closed form.
  let place: ((_ probability: Double) -> Void)?
  /// Where the fit starts; nil for a guide that has no choice.
  let start: StartReport?

  /// - Parameter draw: draws the latent sites, as `Guide.body` says.
  public init(_ draw: @escaping () -> Void) {
    self.init(draw, place: nil, start: nil)
  }

  init(_ draw: @escaping () -> Void, place: ((Double) -> Void)?, start: StartReport?) {
    self.draw = draw
    self.place = place
    self.start = start
  }
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
