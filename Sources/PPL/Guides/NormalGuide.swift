import Distributions

/// Independent normals over the unconstrained values of each latent site, with parameters of its own:
/// Pyro's `AutoNormal`.
///
/// The same family as `DiagonalNormalGuide`, except that the parameters `…_auto_loc` and
/// `…_auto_scale` are named for their site, and that sites may stand in plates of which each step sees
/// a random subset: there are parameters for all copies.
public struct NormalGuide: SiteGuide {
  package let start: GuideStart

  public init(start: GuideStart = .gaussian()) { self.start = start }

  package func posterior(_ site: GuidedSite) -> SitePosterior {
    let (loc, scale) = site.placed(
      site.parameter("loc", 0),
      site.parameter("scale", site.initialScale, constraint: .positive))
    let normal = Normal(loc, scale)
    return SitePosterior(
      distribution: TransformedDistribution(normal.toEvent(site.eventRank), [site.bijector]),
      quantile: { normal.icdf(Tensor(floatLiteral: $0)) })
  }
}

/// A point: with `TraceELBO` the values of the latent sites, and the parameters, that are most
/// probable (MAP). Pyro's `AutoDelta`.
///
/// The density that is maximised is that of the values themselves, without the determinant of the
/// map to unconstrained numbers: the mode of a log-normal prior LogNormal(0, 1) is e⁻¹, not 1.
public struct DeltaGuide: SiteGuide {
  package let start: GuideStart

  public init(start: GuideStart = .gaussian()) { self.start = start }

  package func posterior(_ site: GuidedSite) -> SitePosterior {
    let loc = site.placed(site.parameter("loc", 0)).loc
    return SitePosterior(
      distribution: Delta(site.bijector.forward(loc), eventRank: site.valueRank),
      quantile: { _ in loc })
  }
}
