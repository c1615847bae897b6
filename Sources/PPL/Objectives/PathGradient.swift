import Tensors

/// The gradient of log q(z) through the draws alone, the guide's parameters held fixed where they
/// enter the density: what remains of it without the score, whose expectation is zero (Roeder, Wu and
/// Duvenaud 2017).
struct PathGradient {
  /// The guide's draws.
  let draws: [Site]
  /// ∂ log q(z) / ∂zᵢ for each of them, with scales; constants.
  let slopes: [Tensor]

  init(_ run: ParticleTrace) {
    let draws = run.guide.sites.filter { $0.score != nil && $0.value != nil }
    let values = draws.compactMap(\.value)
    var slopes = draws.compactMap { site in site.score.map { site.scaled($0) } }
    // A draw also moves the densities of those that depend on it.
    let densities = draws.map(PathGradient.densityAtFixedValue)
    let found = origins(of: densities, among: values)
    for (index, density) in densities.enumerated() {
      let earlier = found[index].filter { $0 < index }.sorted()
      guard !earlier.isEmpty else { continue }
      let (density, points) = PathGradient.pinned(density, earlier.map { values[$0] })
      let shares = gradient(of: density, withRespectTo: points)
      for (origin, share) in zip(earlier, shares) { slopes[origin] = slopes[origin] + share }
    }
    self.draws = draws
    self.slopes = slopes.map(stopGradient)
  }

  /// A number with that gradient.
  var surrogate: Tensor { zip(slopes, draws).map { ($0 * ($1.value ?? 0)).sum() }.total() }

  /// log q(zᵢ) less what it owes to zᵢ itself: its gradient is that with respect to the parameters.
  private static func densityAtFixedValue(_ site: Site) -> Tensor {
    guard let value = site.value, let score = site.score else { return 0 }
    return (site.logProbSum() ?? 0) - site.scaled((score * value).sum())
  }

  /// A number computed from draws, computed from constants in their places.
  static func pinned(_ number: Tensor, _ draws: [Tensor]) -> (number: Tensor, points: [Tensor]) {
    let points = draws.map(stopGradient)
    return (substitute([number], Array(zip(draws, points)))[0], points)
  }
}

/// Asks draws for their scores.
private struct ScoreRequestHandler: Handler {
  func process(_ site: inout Site) {
    if site.kind == .sample && !site.isObserved && site.value == nil { site.wantsScore = true }
  }
}

extension ParticleTrace {
  /// Runs the guide, whose draws come with their scores, then the model on the draws.
  static func withScores(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    try ParticleTrace(model) { handle(guide, with: ScoreRequestHandler()) }
  }
}
