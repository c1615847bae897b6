import Tensors

/// The log density of a model's latent sites over unconstrained numbers, and its gradient, planned
/// once.
///
/// Parameters that nobody supplies are held at their initial values.
final class LogDensity {
  let layout: LatentLayout
  let dimension: Int
  private let plan: Plan
  private let values: ArgumentValues
  /// Which of the plan's arguments is the point; nil if the density does not depend on it.
  private let position: Int?
  private let key: RandomKey

  /// - Throws: `CompileError.readsValue` if the model branches on latent values; `ModelError` if it
  ///   has no latent sites, discrete ones, or a plate with a random subset.
  init(_ model: @escaping () -> Void, seed: Int) throws {
    key = RandomKey(seed).foldIn("density")
    layout = try LatentLayout(model, dtype: .float64)
    dimension = layout.dimension
    let recorder = TraceRecorder()
    let point = Tensor.traced(Tensor.zeros([dimension]), recorder)
    let (trace, density) = try LogDensity.trace(layout, point, key)
    if let read = recorder.descriptions.first { throw CompileError.readsValue(read) }
    if let plate = trace.sites.first(where: { $0.kind == .plate }) {
      throw ModelError.subsampledPlate(plate.name)
    }
    if let site = trace.latentSites.first(where: { $0.distribution?.support.isDiscrete == true }) {
      throw ModelError.discreteSite(site.name)
    }
    let slope = gradient(of: density, withRespectTo: [point])[0]
    let graph = TracedGraph([density, slope, point])
    let (loop, invariants) = graph.loopPlan([density, slope], extra: [], varying: [point])
    plan = loop.plan
    values = graph.values(plan, extra: invariants)
    position = plan.argumentPositions.firstIndex { graph.node($0) === point.node }
  }

  private static func trace(
    _ layout: LatentLayout, _ point: Tensor, _ key: RandomKey
  ) throws -> (trace: Trace, logDensity: Tensor) {
    try handle(
      { try seeded(key: key) { try layout.trace(at: point) } },
      with: InitialValueHandler(key: key))
  }

  /// The values of the latent and deterministic sites at many points, the rows of a matrix.
  func values(at points: Tensor) throws -> [(name: String, values: Tensor)] {
    let point = Tensor.placeholder([dimension], .float64)
    let trace = try LogDensity.trace(layout, point, key).trace
    let sites = trace.sites.filter {
      ($0.kind == .sample && !$0.isObserved) || $0.kind == .deterministic
    }
    let values = batch(sites.compactMap(\.value), over: point, values: points)
    eval(values)
    return zip(sites, values).map { ($0.name, $1) }
  }

  /// The matrix of second derivatives at a point.
  func hessian(at position: Tensor) throws -> Tensor {
    let point = Tensor.placeholder([dimension], .float64)
    let density = try LogDensity.trace(layout, point, key).logDensity
    let slope = gradient(of: density, withRespectTo: point)
    let direction = Tensor.placeholder([dimension], .float64)
    let product = gradient(of: (slope * direction).sum(), withRespectTo: point)
    let rows = batch([product], over: direction, values: Tensor.eye(dimension))[0]
    return batch([rows], over: point, values: position.expandingDims(at: 0))[0].squeezing(at: 0)
  }

  /// The gradients of the log density at many points, the rows of a matrix.
  func gradients(at points: Tensor) throws -> Tensor {
    let point = Tensor.placeholder([dimension], .float64)
    let density = try LogDensity.trace(layout, point, key).logDensity
    return batch(
      gradient(of: density, withRespectTo: [point]), over: point, values: points)[0]
  }

  /// A place to evaluate in: each thread needs one of its own.
  func evaluator() -> Evaluator { Evaluator(self) }

  /// Evaluates the density point by point, without allocating.
  ///
  /// `@unchecked Sendable`: handed to one thread, which alone uses it.
  final class Evaluator: @unchecked Sendable {
    private let instance: PlanInstance
    private let values: ArgumentValues
    private let point: Storage
    private let density = Storage(byteCount: 8)
    private let slope: Storage
    private let dimension: Int
    /// How often the density was evaluated.
    private(set) var evaluations = 0

    fileprivate init(_ owner: LogDensity) {
      dimension = owner.dimension
      values = owner.values
      point = Storage(byteCount: 8 * dimension)
      slope = Storage(byteCount: 8 * dimension)
      instance = PlanInstance(owner.plan)
      var arguments = values.pointers
      if let position = owner.position { arguments[position] = point.pointer }
      instance.bind(arguments: arguments, outputs: [density.pointer, slope.pointer])
    }

    /// The log density at `position`; its gradient is written to `gradient`.
    func callAsFunction(
      _ position: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>
    ) -> Double {
      point.pointer.assumingMemoryBound(to: Double.self).update(from: position, count: dimension)
      instance.run()
      evaluations += 1
      gradient.update(
        from: slope.pointer.assumingMemoryBound(to: Double.self), count: dimension)
      return density.pointer.load(as: Double.self)
    }
  }
}
