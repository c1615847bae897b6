public import Tensors

/// A draw from a model's prior, turned into data for it.
public struct Simulation {
  /// The model, observing the simulated data.
  public let model: () -> Void
  /// The simulated data by site.
  public let data: [String: Tensor]
  /// Another one for each simulation.
  public let seed: Int
}

/// Simulation-based calibration of any way to a posterior (Talts, Betancourt, Simpson, Vehtari and
/// Gelman 2018; of guides: Yao, Vehtari, Simpson and Gelman 2018).
///
/// A value is drawn from the prior, data are drawn given it, and draws are made from the posterior
/// of these data. If all is right, the rank of the value among the draws is uniform.
///
///     let calibration = try calibrate(model, data: ["y"]) { simulation in
///       try SVI(
///         simulation.model, DiagonalNormalGuide(), optimizer: Adam(0.01), seed: simulation.seed
///       ).run(steps: 1000).samplePosterior(99)
///     }
///
/// - Parameters:
///   - data: the observed sites, all of which are simulated.
///   - posterior: independent draws of sites, as many in every simulation. Ranks are taken of those
///     that are latent in the model.
/// - Throws: `CalibrationError` if the model cannot be simulated, or `posterior` returns nothing to
///   rank; `ModelError` if the model is wrong; what `posterior` throws.
public func calibrate(
  _ model: @escaping () -> Void, data: [String], simulations: Int = 200, seed: Int = 0,
  posterior: (Simulation) throws -> [(name: String, draws: Tensor)]
) throws -> Calibration {
  precondition(simulations > 0, "calibrate: simulations must be positive, got \(simulations)")
  var ranking = Ranking()
  for number in 0..<simulations {
    let key = RandomKey(seed).foldIn("simulation").foldIn(number)
    let trace = try simulated(model, data, key)
    let values = trace.sampleValues.filter { data.contains($0.key) }
    let conditioned: () -> Void = { condition(values) { model() } }
    let draws = try posterior(
      Simulation(model: conditioned, data: values, seed: seed &+ number))
    var generator = HostGenerator(key: key.foldIn("ties").hostValue)
    try ranking.add(trace, draws, &generator)
  }
  return Calibration(ranking.quantities)
}

/// Simulation-based calibration of a sampler, one chain for each simulation.
///
/// - Parameters:
///   - draws: how many a value is ranked among.
///   - thinning: how many the sampler makes for each of them, so that they are all but independent.
public func calibrate(
  _ model: @escaping () -> Void, data: [String], simulations: Int = 200, draws: Int = 99,
  kernel: any MCMCKernel = NUTS(), warmup: Int = 500, thinning: Int = 10, seed: Int = 0
) throws -> Calibration {
  precondition(draws > 0, "calibrate: draws must be positive, got \(draws)")
  precondition(thinning > 0, "calibrate: thinning must be positive, got \(thinning)")
  let kept = Tensor((0..<draws).map { $0 * thinning })
  return try calibrate(model, data: data, simulations: simulations, seed: seed) { simulation in
    let sampler = MCMC(
      simulation.model, kernel: kernel, warmup: warmup, samples: draws * thinning, chains: 1,
      seed: simulation.seed)
    let result = try sampler.run(showsProgress: false)
    guard result.transitions[0].count == draws * thinning else {
      throw CalibrationError.interrupted
    }
    return result.samples.map { ($0, $1[kept]) }
  }
}

/// A model's trace with the named sites drawn.
private func simulated(_ model: () -> Void, _ data: [String], _ key: RandomKey) throws -> Trace {
  let handler = SimulationHandler(data: data)
  let drawn = try handle(
    { try seeded(key: key) { try trace { handle(model, with: handler) } } },
    with: InitialValueHandler(key: key))
  if let name = handler.improper.first { throw CalibrationError.improperPrior(name) }
  if let factor = drawn.sites.first(where: { $0.kind == .factor }) {
    throw CalibrationError.factor(factor.name)
  }
  for name in data where !handler.drawn.contains(name) {
    let observed = drawn.sites.filter { $0.kind == .sample && $0.isObserved }.map(\.name)
    throw CalibrationError.noDataSite(name, found: observed + handler.drawn)
  }
  if let kept = drawn.sites.first(where: { $0.kind == .sample && $0.isObserved }) {
    throw CalibrationError.keptData(kept.name)
  }
  return drawn
}

/// Draws the observed sites that are named.
private final class SimulationHandler: Handler {
  private let data: [String]
  private let names = Locked<(drawn: [String], improper: [String])>(([], []))

  init(data: [String]) { self.data = data }

  var drawn: [String] { names.withLock { $0.drawn } }
  /// Sites whose prior has no draws.
  var improper: [String] { names.withLock { $0.improper } }

  func process(_ site: inout Site) {
    guard site.kind == .sample else { return }
    let name = site.name
    if site.isObserved, data.contains(name) {
      site.value = nil
      site.isObserved = false
      names.withLock { $0.drawn.append(name) }
    }
    guard !site.isObserved, let prior = site.distribution as? ImproperUniform else { return }
    names.withLock { $0.improper.append(name) }
    let bijector = prior.support.bijector
    site.value = bijector.forward(
      Tensor.zeros(bijector.inverseShape(prior.batchShape + prior.eventShape)))
  }
}

/// The ranks of all latent elements so far.
private struct Ranking {
  private(set) var quantities: [Calibration.Quantity] = []

  /// Draws equal to the value, as discrete sites have, are above or below it at random.
  mutating func add(
    _ trace: Trace, _ posterior: [(name: String, draws: Tensor)], _ generator: inout HostGenerator
  ) throws {
    let latent = posterior.filter { name, _ in
      trace[name].map { $0.kind == .sample && !$0.isObserved } ?? false
    }
    guard !latent.isEmpty else { throw CalibrationError.nothingToRank(posterior.map(\.name)) }
    var ranks: [(name: String, rank: Int, draws: Int)] = []
    for (name, draws) in latent {
      guard let value = trace[name]?.value else { continue }
      guard draws.rank > 0, Shape(draws.shape.dropFirst()) == value.shape else {
        throw CalibrationError.wrongShape(name, draws: draws.shape, value: value.shape)
      }
      let names = Summary.names(name, of: value.shape)
      let below = (draws .< value).cast(to: .int64).sum(axis: 0).intArray()
      let ties = (draws .== value).cast(to: .int64).sum(axis: 0).intArray()
      ranks += names.indices.map { index in
        let rank = below[index] + Int.random(in: 0...ties[index], using: &generator)
        return (names[index], rank, draws.shape[0])
      }
    }
    if quantities.isEmpty {
      quantities = ranks.map { Calibration.Quantity(name: $0.name, draws: $0.draws) }
    }
    guard ranks.map(\.name) == quantities.map(\.name),
      ranks.map(\.draws) == quantities.map(\.draws)
    else { throw CalibrationError.varyingDraws }
    for (index, entry) in ranks.enumerated() { quantities[index].ranks.append(entry.rank) }
  }
}
