public import Tensors

/// Stein variational gradient descent (Liu and Wang 2016): particles that move together until they
/// are spread like the posterior.
///
///     let result = try SVGD(model, optimizer: Adam(0.05), particles: 100).run(steps: 500)
///     print(result.summary())
///
/// The particles live on unconstrained numbers. Nothing is random but where they start.
public struct SVGD {
  /// Of what the kernel is a function.
  public enum Mode: Sendable {
    /// Of each coordinate alone, with a kernel for each: fit for many coordinates.
    case univariate
    /// Of all coordinates together.
    case multivariate
  }

  private let model: () -> Void
  private let kernel: SteinKernel
  private let optimizer: any Optimizer
  private let particles: Int
  private let mode: Mode
  private let strategy: InitStrategy
  private let seed: Int

  /// - Parameters:
  ///   - model: what it returns is dropped.
  ///   - particles: how many, at least two.
  ///   - start: where the particles start, each with a key of its own.
  ///   - parameters: the fitted parameters of the model, if it has such; those without keep their
  ///     initial values.
  public init<Result>(
    _ model: @escaping () -> Result, kernel: SteinKernel = .rbf, optimizer: any Optimizer,
    particles: Int = 100, mode: Mode = .univariate, start: InitStrategy = .uniform(),
    parameters: ParameterStore? = nil, seed: Int = 0
  ) {
    precondition(particles > 1, "SVGD: particles must be at least 2, got \(particles)")
    self.model = DrawnModel(model: { _ = model() }, parameters: parameters).run
    self.kernel = kernel
    self.optimizer = optimizer
    self.particles = particles
    self.mode = mode
    strategy = start
    self.seed = seed
  }

  /// Moves the particles. A line of progress is shown when standard error is a terminal; Ctrl-C ends
  /// the run with the particles as they are.
  ///
  /// - Throws: `CompileError.readsValue` if the model branches on latent values; `ModelError` if its
  ///   sites are of a kind that cannot be moved, or a particle leaves the finite numbers.
  public func run(steps: Int, showsProgress: Bool = true) throws -> SVGDResult {
    precondition(steps >= 0, "SVGD: steps must not be negative, got \(steps)")
    let density = try LogDensity(model, seed: seed)
    var values = [try start(density)]
    values += optimizer.initialState(values[0])
    let step = try compiled(density, values)
    var progress = Progress(steps, isEnabled: showsProgress)
    try Interruption.whileWatching {
      for number in 0..<steps where !Interruption.wasRequested {
        values = step(values + [Tensor(Double(number))])
        if let lost = values[0].array().firstIndex(where: { !$0.isFinite }) {
          let site = density.layout.slots.first { $0.range.contains(lost % density.dimension) }
          throw ModelError.notFinite(step: number, site: site?.name ?? "")
        }
        progress.update(number + 1, "")
      }
    }
    progress.finish(steps, "")
    let points = optimizer.result(values[0], Array(values.dropFirst()))
    let sites = try density.values(at: rows(points, density))
    return SVGDResult(particles: sites.map { ($0, $1) })
  }

  private func start(_ density: LogDensity) throws -> Tensor {
    let key = RandomKey(seed).foldIn("particles")
    return Tensor(
      try (0..<particles).flatMap { try density.layout.point(strategy, key.foldIn($0)) })
  }

  /// The particles as the rows of a matrix; the optimizer sees them as one vector.
  private func rows(_ vector: Tensor, _ density: LogDensity) -> Tensor {
    vector.reshaped(to: [particles, density.dimension])
  }

  /// From the particles, the optimizer's state and the number of the step to the next ones.
  private func compiled(_ density: LogDensity, _ values: [Tensor]) throws -> CompiledFunction {
    try CompiledFunction(for: values + [Tensor(0.0)]) { inputs in
      let points = rows(inputs[0], density)
      let direction = kernel.direction(points, try density.gradients(at: points), mode)
      let update = optimizer.update(
        inputs[0], -direction.reshaped(to: inputs[0].shape), Array(inputs[1..<inputs.count - 1]),
        step: inputs[inputs.count - 1])
      return [update.parameters] + update.state
    }
  }
}

/// The particles of a run.
public struct SVGDResult {
  /// Every latent and deterministic site, the particles along the outermost axis.
  public let particles: [(name: String, draws: Tensor)]

  /// The values of a site; nil if there is none of that name.
  public subscript(name: String) -> Tensor? { particles[name] }

  /// Mean, standard deviation and quantiles of every element of every site.
  public func summary() -> Summary { Summary(particles) }
}
