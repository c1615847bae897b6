import Tensors

/// Where a guide over continuous sites starts.
public struct GuideStart: Sendable, CustomStringConvertible {
  fileprivate enum Kind {
    case point(InitStrategy, scale: Double)
    case gaussian(InitStrategy, paths: Int)
  }

  private let kind: Kind

  public var description: String {
    switch kind {
    case .point(_, let scale): "at a point, scale \(scale)"
    case .gaussian(_, let paths): "at a normal distribution found on \(paths) paths"
    }
  }

  /// At the values that a strategy gives the sites, with one standard deviation for all unconstrained
  /// coordinates.
  public static func at(_ strategy: InitStrategy = .feasible, scale: Double = 0.1) -> GuideStart {
    precondition(
      scale > 0 && scale.isFinite, "GuideStart: the scale must be positive, got \(scale)")
    return GuideStart(kind: .point(strategy, scale: scale))
  }

  /// At a normal distribution over the unconstrained coordinates, found by deterministic steps before
  /// the first stochastic one.
  ///
  /// Several paths of L-BFGS go from random points to a mode. Of the normal distributions along them
  /// (Pathfinder: Zhang, Carpenter, Gelman and Vehtari 2022) and the one with the curvature at the
  /// best path's mode (Laplace's approximation), the one with the highest evidence lower bound is
  /// taken. The guide's parameters are then relative to it, so that a step means the same in every
  /// coordinate, whatever its unit.
  ///
  /// Where nothing better is found than `.at(.feasible)`, or the model's density cannot be had (it
  /// branches on values, takes random subsets, has discrete sites), the fit starts there instead:
  /// `SVIResult.start` says so.
  ///
  /// - Parameters:
  ///   - strategy: where the paths start.
  ///   - paths: how many there are.
  public static func gaussian(
    from strategy: InitStrategy = .uniform(), paths: Int = 4
  ) -> GuideStart {
    precondition(paths > 0, "GuideStart: paths must be positive, got \(paths)")
    return GuideStart(kind: .gaussian(strategy, paths: paths))
  }

  /// Finds the start for the latent sites of a model.
  ///
  /// - Parameter layout: how they are laid out.
  func found(_ model: @escaping () -> Void, _ layout: LatentLayout, seed: Int) throws -> FoundStart
  {
    switch kind {
    case .point(let strategy, let scale):
      try FoundStart(layout, strategy, scale, seed: seed, report: .asGiven)
    case .gaussian(let strategy, let paths):
      try StartSearch(model, layout, strategy, paths, seed: seed).run()
    }
  }
}

/// How the start of a fit was found.
public enum StartReport: Sendable, Equatable, CustomStringConvertible {
  /// At the values asked for.
  case asGiven
  /// At a normal distribution.
  ///
  /// - Parameters:
  ///   - elbo: its evidence lower bound.
  ///   - pointELBO: that of the start without it.
  ///   - paths: how many of the paths led to one.
  ///   - evaluations: of the density and its gradient.
  case gaussian(elbo: Double, pointELBO: Double, paths: Int, evaluations: Int)
  /// At the mode, with the curvature there.
  case mode
  /// At feasible values, because no usable normal distribution was found.
  case rejected(String)

  public var description: String {
    switch self {
    case .asGiven: "started as given"
    case .mode: "started at the mode, with the curvature there"
    case .gaussian(let elbo, let pointELBO, let paths, let evaluations):
      """
      started at a normal distribution with ELBO \(formatted(elbo, digits: 2)) \
      (\(formatted(pointELBO, digits: 2)) without), found on \(paths) \
      \(paths == 1 ? "path" : "paths") by \(evaluations) evaluations
      """
    case .rejected(let reason): "started at feasible values: \(reason)"
    }
  }
}

/// A start for the latent sites of one model.
package struct FoundStart {
  /// The unconstrained values.
  let point: [Double]
  /// The standard deviation of every coordinate, where there is no fit.
  let scale: Double
  let fit: NormalFit?
  let report: StartReport

  init(point: [Double], scale: Double, fit: NormalFit? = nil, report: StartReport) {
    self.point = point
    self.scale = scale
    self.fit = fit
    self.report = report
  }

  init(
    _ layout: LatentLayout, _ strategy: InitStrategy, _ scale: Double, seed: Int,
    report: StartReport
  ) throws {
    let point = try layout.point(strategy, RandomKey(seed).foldIn("start"))
    self.init(point: point, scale: scale, report: report)
  }
}

extension FoundStart {
  /// The start of some of the coordinates.
  func restricted(to ranges: [Range<Int>]) -> FoundStart {
    FoundStart(
      point: ranges.flatMap { point[$0] }, scale: scale, fit: fit?.marginal(ranges), report: report)
  }
}

/// The search for a normal distribution to start from.
private struct StartSearch {
  private let model: () -> Void
  private let layout: LatentLayout
  private let strategy: InitStrategy
  private let paths: Int
  private let seed: Int
  private let key: RandomKey

  /// How many draws rank the distributions along a path, and those of different paths.
  private static let draws = (along: 5, between: 100)

  init(
    _ model: @escaping () -> Void, _ layout: LatentLayout, _ strategy: InitStrategy, _ paths: Int,
    seed: Int
  ) {
    self.model = model
    self.layout = layout
    self.strategy = strategy
    self.paths = paths
    self.seed = seed
    key = RandomKey(seed).foldIn("start")
  }

  func run() throws -> FoundStart {
    let density: LogDensity
    do {
      density = try LogDensity(model, seed: seed)
    } catch {
      return try rejected("\(error)")
    }
    let target = StartTarget(density)
    let noise = key.foldIn("noise").normal([StartSearch.draws.between, target.dimension])
    let pathfinder = Pathfinder(target, noise.slice(0..<StartSearch.draws.along).detached())
    let results = try (0..<paths).compactMap { number in
      pathfinder.run(from: try layout.point(strategy, key.foldIn("path\(number)")))
    }
    let elbos = results.map { target.elbo($0.fit, noise) }
    guard let best = zip(results, elbos).max(by: { $0.1 < $1.1 })?.0 else {
      return try rejected("no path from \(paths) points led to a normal distribution")
    }
    let fits = [best.fit, modeFit(target, best)].compactMap { $0 }
    let candidates = fits + fits.map { $0.narrowed(by: 0.5) }
    let ranked = candidates.map { (fit: $0, elbo: target.elbo($0, noise)) }
    let plain = target.elbo(try pointFit(), noise)
    guard let chosen = ranked.max(by: { $0.elbo < $1.elbo }), chosen.elbo > plain else {
      return try rejected("no normal distribution was found with a higher ELBO")
    }
    return FoundStart(
      point: chosen.fit.mean.array(), scale: 1, fit: chosen.fit,
      report: .gaussian(
        elbo: chosen.elbo, pointELBO: plain, paths: results.count,
        evaluations: target.evaluations))
  }

  private func modeFit(_ target: StartTarget, _ best: Pathfinder.Result) -> NormalFit? {
    let fit = ModeFit(target)
    guard target.dimension <= ModeFit.dimensionLimit else {
      return fit.diagonal(from: best.end, best.fit.conditionalScales.array(), seed: seed)
    }
    return fit.run(from: best.end, best.fit.scaleTril)
  }

  /// What the guide starts at otherwise.
  private func pointFit() throws -> NormalFit {
    let point = try layout.point(.feasible, key)
    let scales = [Double](repeating: 0.1, count: point.count)
    return NormalFit(mean: Tensor(point), InverseHessian(StepMemory(scales: scales)))
  }

  private func rejected(_ reason: String) throws -> FoundStart {
    try FoundStart(layout, .feasible, 0.1, seed: seed, report: .rejected(reason))
  }
}
