import Distributions

/// A guide that gives each continuous latent site a distribution of its own.
///
/// The model's code is run in the guide, so that plates, the subsets of them, and supports that
/// depend on other sites are the model's.
package protocol SiteGuide: StartingGuide {
  /// The distribution of a site, with its parameters.
  func posterior(_ site: GuidedSite) -> SitePosterior
}

/// The distribution that a guide gives a site.
package struct SitePosterior {
  let distribution: any Distribution
  /// The unconstrained quantile of each number.
  let quantile: (_ probability: Double) -> Tensor
}

/// A latent site as its guide sees it.
package struct GuidedSite {
  let name: String
  let bijector: any Bijector
  /// How many inner axes of the unconstrained value belong to one copy, and of the value itself.
  let eventRank: Int
  let valueRank: Int
  /// The shape of the unconstrained value with all copies of the plates it stands in.
  private let shape: Shape
  private let origin: SiteOrigin?

  fileprivate init(_ site: Site, _ prior: any Distribution, _ origin: SiteOrigin?) {
    name = site.name
    bijector = prior.support.bijector
    valueRank = prior.eventShape.rank
    var shape = bijector.inverseShape(prior.batchShape + prior.eventShape)
    let batchRank = prior.batchShape.rank
    eventRank = shape.rank - batchRank
    for plate in site.plates { shape[batchRank + plate.axis] = plate.size }
    self.shape = shape
    self.origin = origin
  }

  /// The standard deviation to start with, in the units of the origin.
  var initialScale: Double { origin?.scale ?? 0.1 }

  /// A parameter with a number for each unconstrained one, of which the rows of a subset are taken.
  func parameter(_ suffix: String, _ initial: Double, constraint: Constraint = .real) -> Tensor {
    let shape = shape
    return param(
      "\(name)_auto_\(suffix)", Tensor.full(shape, initial), constraint: constraint,
      eventRank: eventRank)
  }

  /// Those of a batch of rows, where a plate computes with one.
  private func rows(_ whole: Tensor) -> Tensor { subsample(whole, eventRank: eventRank) }

  /// A location and a scale in the units of the origin, in the site's own.
  func placed(_ loc: Tensor, _ scale: Tensor = 1) -> (loc: Tensor, scale: Tensor) {
    guard let origin else { return (loc, scale) }
    let shift = rows(mutable("\(name)_auto_origin", origin.point))
    guard let unit = origin.unit else { return (shift + loc, scale) }
    let scaling = rows(mutable("\(name)_auto_unit", unit))
    return (shift + scaling * loc, scaling * scale)
  }
}

/// Where the unconstrained numbers of a site start, and their units.
private struct SiteOrigin: Sendable {
  let point: Tensor
  let unit: Tensor?
  let scale: Double
}

extension SiteGuide {
  public func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    do {
      let layout = try LatentLayout(model, dtype: dtype)
      let found = try start.found(model, layout, seed: seed)
      return try prepared(layout, at: found, dtype: dtype)
    } catch ModelError.subsampledSite {
      let reason = "each step sees a random subset of the latent variables"
      return PreparedGuide(
        { run(model, [:], at: nil) }, place: nil, start: .rejected(reason))
    }
  }

  package func prepared(
    _ layout: LatentLayout, at found: FoundStart, dtype: DType
  ) throws -> PreparedGuide {
    let (point, unit) = (Tensor(found.point), found.fit?.conditionalScales)
    var origins: [String: SiteOrigin] = [:]
    for slot in layout.slots {
      func part(_ vector: Tensor) -> Tensor {
        vector.slice(slot.range).reshaped(to: slot.shape).cast(to: dtype).detached()
      }
      origins[slot.name] = SiteOrigin(
        point: part(point), unit: unit.map(part), scale: found.scale)
    }
    let (model, known) = (layout.model, origins)
    return PreparedGuide(
      { run(model, known, at: nil) },
      place: layout.hasMovingSupports ? nil : { run(model, known, at: $0) }, start: found.report)
  }

  /// Runs the model with the guide's distributions, or their quantiles, at its latent sites.
  private func run(
    _ model: () -> Void, _ origins: [String: SiteOrigin], at probability: Double?
  ) {
    handle(model, with: SiteGuideHandler(guide: self, origins: origins, probability: probability))
  }
}

/// Puts the guide's distributions in the place of the latent sites' priors, and hides all else.
private struct SiteGuideHandler<Family: SiteGuide>: Handler {
  let guide: Family
  let origins: [String: SiteOrigin]
  /// Of the quantiles that the sites are to have; nil for draws.
  let probability: Double?

  func process(_ site: inout Site) {
    guard !site.mayRepeat else { return }
    guard site.kind == .sample, !site.isObserved, let prior = site.distribution,
      !prior.support.isDiscrete
    else {
      site.isHidden = true
      return
    }
    let guided = GuidedSite(site, prior, origins[site.name])
    let posterior = guide.posterior(guided)
    guard let probability else {
      site.distribution = posterior.distribution
      return
    }
    let quantile = posterior.quantile(probability)
    site.value = guided.bijector.forward(quantile)
    site.isHidden = !guided.bijector.isIncreasing(quantile.shape)
  }
}
