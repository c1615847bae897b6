public import Tensors

/// What a fit maximises, estimated from runs of guide and model.
///
/// A step runs guide and model once per particle (`run`), takes from each run some numbers
/// (`terms`), and makes the loss of the terms of all particles (`loss`). Particles are computed
/// together, along an axis that is added after `terms`; code here sees one particle there.
public protocol Objective: Sendable {
  /// How many runs of guide and model make one estimate.
  var particles: Int { get }
  /// Whether all particles compute with the same subsets of plates, as they must where they are
  /// compared with each other; by default each has its own.
  var sharesSubsets: Bool { get }
  /// Whether the gradient that parameters follow is that of the loss, the draws held fixed, or has the
  /// same mean; yes by default.
  var hasGradientOfLoss: Bool { get }

  /// Runs the guide, then the model on what the guide drew.
  func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace

  /// Runs the guide, then the model, with a value drawn from the posterior, or from the guide in its
  /// place, at each latent site.
  func posteriorRun(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace

  /// An estimate of the evidence lower bound from one run.
  func elbo(_ run: ParticleTrace) throws -> Tensor

  /// Checks that the objective can be estimated from such a run.
  func validate(_ run: ParticleTrace) throws

  /// What one particle contributes.
  func terms(_ run: ParticleTrace) throws -> ObjectiveTerms

  /// The loss, from the terms of all particles, which have an outermost axis for the particles if
  /// there are several.
  func loss(_ terms: [Tensor]) -> Loss
}

/// What one particle contributes to an objective.
public struct ObjectiveTerms: ExpressibleByArrayLiteral {
  public var values: [Tensor]
  /// New values of mutable sites that belong to the objective itself.
  public var assignments: [(name: String, value: Tensor)] = []

  public init(_ values: [Tensor]) { self.values = values }
  public init(arrayLiteral elements: Tensor...) { values = elements }
}

/// A loss: scalars.
public struct Loss {
  /// The estimate that is reported.
  public var value: Tensor
  /// What has the gradient that moves the parameters; its value may be anything.
  public var surrogate: Tensor

  public init(_ value: Tensor, surrogate: Tensor) {
    self.value = value
    self.surrogate = surrogate
  }

  /// A loss that is its own surrogate.
  public init(_ value: Tensor) { self.init(value, surrogate: value) }

  /// The loss whose negative is estimated by the mean of the particles' first terms, and has the
  /// gradient of the mean of the second ones, if there are such.
  init(negativeMeansOf terms: [Tensor]) {
    let means = terms.map { -($0.rank == 0 ? $0 : $0.mean()) }
    self.init(means[0], surrogate: means[means.count - 1])
  }
}

extension Objective {
  public var sharesSubsets: Bool { false }
  public var hasGradientOfLoss: Bool { true }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    try ParticleTrace(model, guide)
  }

  public func posteriorRun(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    try run(model, guide)
  }

  public func elbo(_ run: ParticleTrace) throws -> Tensor { run.logWeight }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    try run.requireReparameterized()
  }

  /// A term with an outermost axis for the particles, also where there is but one.
  func overParticles(_ term: Tensor) -> Tensor {
    particles == 1 ? term.expandingDims(at: 0) : term
  }
}
