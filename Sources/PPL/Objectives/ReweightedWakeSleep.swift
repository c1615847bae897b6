public import Tensors

/// Reweighted wake-sleep (Bornschein and Bengio 2015): Pyro's `ReweightedWakeSleep`.
///
/// The loss is the negative of the importance-weighted bound. With the weights wₖ = p(x, zₖ) / q(zₖ | x)
/// normalised over the particles, the model's parameters follow Σₖ wₖ ∇ log p(x, zₖ), the
/// gradient of that bound. Those of the guide bring it closer to the posterior in the divergence
/// KL(p ‖ q), of the data at hand or of those that the model would have:
///
///     wake    Σₖ wₖ ∇ log q(zₖ | x)
///     sleep   ∇ log q(z | x)            z, x ~ p
///
/// Draws are taken as constants, so the guide may draw from any distributions.
///
/// For the sleep phase the guide has to read the data: it is asked what it makes of other ones. Its
/// data are the tensors that the model observes, mini-batches or not. Whatever the guide computes from
/// the tensor that the model observes at a site, it then computes from what the model has drawn there;
/// whatever else it reads, covariates say, stays.
///
///     let rows = Batches([data], size: 64)
///     let svi = try SVI(
///       { plate("rows", rows) { sample("x", Normal(sample("z", Normal(0, 1)), 1), observed: $0[0]) } },
///       guide: { plate("rows", rows) { sample("z", Normal(param("slope", 0) * $0[0], 1)) } },
///       optimizer: Adam(0.01), loss: ReweightedWakeSleep(insomnia: 0.5))
///
/// Plates that enclose all sites have weights for each copy; only such plates may be subsampled.
public struct ReweightedWakeSleep: Objective {
  public let particles: Int
  /// The share of the wake phase in what the guide's parameters follow.
  public let insomnia: Double
  public var sharesSubsets: Bool { true }
  public var hasGradientOfLoss: Bool { false }

  /// - Parameters:
  ///   - particles: draws of the guide for a weighted mean, and of the model for the sleep phase.
  ///   - insomnia: from 0, the sleep phase alone, to 1, the wake phase alone.
  public init(particles: Int = 2, insomnia: Double = 1) {
    precondition(particles > 1, "ReweightedWakeSleep: needs several particles, got \(particles)")
    precondition(
      (0...1).contains(insomnia), "ReweightedWakeSleep: insomnia must be in 0...1, got \(insomnia)")
    self.particles = particles
    self.insomnia = insomnia
  }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    try handle(
      {
        var run = try ParticleTrace(model, guide)
        if insomnia < 1 { run.alternatives = [try Dream.run(model, guide)] }
        return run
      }, with: DetachHandler())
  }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    try run.requireCommonSubsets()
    if let dream = Dream(run) { _ = try dream.logProb() }
  }

  public func terms(_ run: ParticleTrace) throws -> ObjectiveTerms {
    let local = LocalDensities(run)
    let wake = [local.model, local.guide, local.scale]
    return ObjectiveTerms(wake + (try Dream(run).map { [try $0.logProb()] } ?? []))
  }

  public func loss(_ terms: [Tensor]) -> Loss {
    let (model, guide) = (terms[0], terms[1])
    let scale = terms[2].selecting(0, along: 0)
    let logWeight = model - guide
    let bound = logWeight.logMeanExp(axis: 0)
    let weight = stopGradient(exp(logWeight - bound))
    let followed = insomnia == 1 ? model + guide : model + insomnia * guide
    var gain = scale * (weight * followed).mean(axis: 0).sum()
    if terms.count > 3 { gain = gain + (1 - insomnia) * terms[3].mean() }
    return Loss(-scale * bound.sum(), surrogate: -gain)
  }
}

/// Makes draws constants.
struct DetachHandler: Handler {
  func postprocess(_ site: inout Site) {
    if site.kind == .sample && !site.isObserved { site.detach() }
  }
}

/// The guide's view of data that the model has made up.
private struct Dream {
  private let awake: ParticleTrace
  private let dream: ParticleTrace

  /// - Returns: nil for a run without one.
  init?(_ run: ParticleTrace) {
    guard let dream = run.alternatives.first else { return nil }
    awake = run
    self.dream = dream
  }

  /// Draws all of the model's sites, then runs the guide on the latent ones.
  static func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    // Draws of its own: the guide's sites have the names of the model's.
    let seed = SeedHandler.current ?? SeedHandler(key: RandomKey(0), dtype: .float64)
    return try seeded(key: seed.key.foldIn("sleep"), dtype: seed.dtype) {
      let drawn = try trace { uncondition(model) }
      let handler = ReplayHandler(trace: drawn, passesMisfits: true)
      return ParticleTrace(guide: try trace { handle(guide, with: handler) }, model: drawn)
    }
  }

  /// log q(z | x) of the model's draws, with the guide's scales.
  ///
  /// - Throws: `ModelError.noSleepPhase` for a site that keeps this from being it.
  func logProb() throws(ModelError) -> Tensor {
    if let site = dream.guide.sites.first(where: { $0.kind == .sample && $0.infer.isAuxiliary }) {
      throw .noSleepPhase(site.name, "the model does not draw it")
    }
    var data: [(observed: Tensor, drawn: Tensor)] = []
    for site in awake.model.sites where site.isObserved { data.append(try replacement(site)) }
    let logProb = dream.guide.logProbSum()
    return substitute([logProb], data)[0]
  }

  /// What an observed site has, and what the model has drawn there.
  private func replacement(
    _ site: Site
  ) throws(ModelError) -> (observed: Tensor, drawn: Tensor) {
    guard site.kind == .sample, let observed = site.value, let drawn = dream.model[site.name]?.value
    else { throw .noSleepPhase(site.name, "it is a factor, and no data can be drawn from it") }
    guard observed.shape == drawn.shape else {
      throw .noSleepPhase(
        site.name, "the data have the shape \(observed.shape), draws \(drawn.shape)")
    }
    let drawnValues = dream.model.sites.filter { $0.kind == .sample }.compactMap(\.value)
    if origins(of: drawnValues, among: [observed]).contains(where: { !$0.isEmpty }) {
      throw .noSleepPhase(
        site.name, "the model computes with the data; let it use the value that sample returns")
    }
    if origins(of: [dream.guide.logProbSum()], among: [observed])[0].isEmpty {
      throw .noSleepPhase(site.name, "the guide does not read the tensor that is observed there")
    }
    return (observed, drawn.cast(to: observed.dtype))
  }
}
