/// The gradient of E_q[log p(x, z) − log q(z)] with respect to the distribution of draws that are not
/// differentiable functions of the parameters.
///
/// With f = Σⱼ fⱼ the sum of all sites' costs, and zᵢ such draws:
///
///     ∇ E_q[f] = E_q[∇f + Σᵢ cᵢ ∇ log q(zᵢ)]      cᵢ: those of the fⱼ that zᵢ can change
///
/// The others have no part in the expectation, only in the variance (Williams 1992; Ranganath,
/// Gerrish and Blei 2014; Schulman et al. 2015). Which fⱼ a draw can change is read off the graph,
/// and off plates, whose copies do not change each other.
struct ScoreFunction {
  private let costs: [Cost]
  /// The guide's draws, in their order.
  private let draws: [Site]
  /// For each draw, and for each cost, the draws that it may depend on.
  private let originsOfDraws: [Set<Int>]
  private let originsOfCosts: [Set<Int>]

  init(_ run: ParticleTrace) {
    let draws = run.guide.sites.filter { $0.kind == .sample && !$0.isObserved && $0.value != nil }
    let costs = run.costs
    let values = draws.compactMap(\.value)
    let found = origins(of: values + costs.map(\.logProb), among: values)
    // What the code does after it has read a value may depend on it.
    let read = draws.indices.filter { run.recorder?.hasRead(values[$0]) == true }
    var ofDraws = Array(found.prefix(draws.count))
    for later in draws.indices {
      ofDraws[later].formUnion(
        read.filter { $0 < later && !draws[$0].isSeparate(from: draws[later]) })
      for origin in ofDraws[later] where origin < later {
        ofDraws[later].formUnion(ofDraws[origin])
      }
    }
    originsOfCosts = zip(costs, found.dropFirst(draws.count)).map { cost, direct in
      let own = cost.isScored ? draws.firstIndex { $0.name == cost.site.name } : nil
      let through = read.filter { !draws[$0].isSeparate(from: cost.site) } + [own].compactMap { $0 }
      return direct.union(through).reduce(into: []) { $0.formUnion(ofDraws[$1]) }
    }
    originsOfDraws = ofDraws
    self.draws = draws
    self.costs = costs
  }

  /// The estimate: the sum of all costs.
  var estimate: Tensor { costs.map { $0.weighted($0.logProb.sum()) }.total() }

  /// What has the gradient ∇f, without the draws' own −∇ log q(zᵢ), whose expectation is zero.
  var pathwise: Tensor {
    costs.filter { !$0.isScored }.map { $0.weighted($0.logProb.sum()) }.total()
  }

  /// One of the draws whose gradient is the score function's.
  struct Draw {
    fileprivate let number: Int
    let site: Site
    /// log q(zᵢ), over the plates of the site.
    let logProb: Tensor
  }

  var scored: [Draw] {
    costs.filter(\.isScored).compactMap { cost in
      guard let number = draws.firstIndex(where: { $0.name == cost.site.name }) else { return nil }
      return Draw(number: number, site: cost.site, logProb: cost.summed(keeping: cost.site.plates))
    }
  }

  /// The sum of the costs that a draw can change, over the plates of its site; a constant.
  ///
  /// - Parameter followsGraph: leaves out costs that are not computed from the draw; otherwise only
  ///   those in other passes of a sequential plate.
  func cost(of draw: Draw, followsGraph: Bool) -> Tensor {
    let parts = zip(costs, originsOfCosts).compactMap { cost, origins -> Tensor? in
      guard
        origins.contains(draw.number)
          || !(followsGraph || draw.site.isSeparate(from: cost.site))
      else { return nil }
      let kept = draw.site.plates.filter { !isPassedOn(draw, outOf: $0, to: origins) }
      return cost.weighted(cost.summed(keeping: kept))
    }
    return stopGradient(parts.total().broadcast(to: draw.site.plateShape))
  }

  /// A tensor with all draws that it is computed from taken as constants.
  func withoutDraws(_ tensor: Tensor) -> Tensor {
    let values = draws.compactMap(\.value)
    return substitute([tensor], values.map { ($0, stopGradient($0)) })[0]
  }

  /// Whether something drawn outside of a plate depends on a draw inside, and a cost on it: then
  /// each copy has a part in the cost of all others.
  private func isPassedOn(
    _ draw: Draw, outOf plate: Site.Plate, to origins: Set<Int>
  ) -> Bool {
    origins.contains {
      originsOfDraws[$0].contains(draw.number) && !draws[$0].plates.contains(plate)
    }
  }
}

extension Cost {
  /// Whether this is −log q of a draw whose gradient is the score function's.
  var isScored: Bool { isInGuide && site.isScored }
}

extension Site {
  /// Whether this is a draw, not summed over, whose gradient is the score function's.
  @inline(__always)
  var isScored: Bool {
    kind == .sample && !isObserved && usesScoreFunction && enumeration == nil
  }

  /// Whether two sites stand in different passes of one sequential plate.
  fileprivate func isSeparate(from other: Site) -> Bool {
    iterations.contains { own in
      other.iterations.contains { $0.plate == own.plate && $0.index != own.index }
    }
  }
}
