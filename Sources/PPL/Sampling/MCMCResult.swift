public import Tensors

/// The draws of a sampler.
public struct MCMCResult {
  /// Every latent and deterministic site, the draws along two outer axes: chain, draw.
  public let chains: [(name: String, draws: Tensor)]
  /// How the transitions went, chain by chain.
  public let transitions: [[Transition]]
  /// The log density of each draw over unconstrained numbers, chain by chain.
  public let logDensities: [[Double]]
  /// The step size of each chain after its warm-up.
  public let stepSizes: [Double]
  /// Evaluations of the density and its gradient by all chains, warm-ups included.
  public let evaluations: Int

  init(_ density: LogDensity, _ records: [ChainRecord]) throws {
    // An interrupted run may have chains of different lengths.
    let count = records.map(\.count).min() ?? 0
    let rows = records.flatMap { $0.draws.prefix(count * density.dimension) }
    let points = Tensor(rows, shape: [records.count * count, density.dimension])
    let sites = try density.values(at: points)
    chains = sites.map { name, values in
      (name, values.reshaped(to: [records.count, count] + Shape(values.shape.dropFirst())))
    }
    transitions = records.map { Array($0.transitions.prefix(count)) }
    logDensities = records.map { Array($0.logDensities.prefix(count)) }
    stepSizes = records.map(\.stepSize)
    evaluations = records.map(\.evaluations).reduce(0, +)
  }

  /// The draws of all chains one after another, along one outer axis.
  public var samples: [(name: String, draws: Tensor)] {
    chains.map { ($0, $1.flatteningChains) }
  }

  /// The draws of a site, of all chains; nil if there is none of that name.
  public subscript(name: String) -> Tensor? { samples[name] }

  /// How many transitions diverged: with more than a few, part of the posterior was not reached.
  public var divergences: Int { transitions.joined().count { $0.isDivergent } }

  /// Mean, standard deviation and quantiles of every element of every site, and how far they can be
  /// relied on: the Monte Carlo error of the mean, effective sample sizes and R-hat.
  public func summary() -> Summary { Summary(chains: chains) }
}
