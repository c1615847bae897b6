import Distributions

/// Different guides for different latent sites: Pyro's `AutoGuideList`.
///
///     let guide = GuideList(
///       .sites(["assignment"], DiscreteParallelGuide()), .rest(MultivariateNormalGuide()))
///
/// The sites of one part are independent of those of another. Guides that look for a start share one,
/// that of the first among them.
public struct GuideList: Guide {
  /// A guide and the sites it draws.
  public struct Part {
    let names: Set<String>?
    let guide: any Guide

    public static func sites(_ names: Set<String>, _ guide: any Guide) -> Part {
      Part(names: names, guide: guide)
    }

    /// A guide for all sites that no other part names.
    public static func rest(_ guide: any Guide) -> Part { Part(names: nil, guide: guide) }
  }

  private let parts: [Part]

  public init(_ parts: Part...) {
    precondition(
      parts.count { $0.names == nil } <= 1, "GuideList: more than one part is for the rest")
    let whole = parts.lazy.map(\.guide).first { ($0 as? any StartingGuide)?.isOfAllSites == true }
    precondition(
      whole == nil,
      """
      GuideList: \(whole.map { "\(type(of: $0))" } ?? "")'s distribution is that of all sites \
      together; use it alone, or MultivariateNormalGuide() in the list
      """)
    self.parts = parts
  }

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    try prepared(for: model, dtype: dtype, seed: 0).draw
  }

  public func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    let record = try LatentLayout.run(model, .feasible, dtype)
    let latent = record.latentSites.map(\.name)
    let named = parts.flatMap { $0.names ?? [] }
    if let unknown = named.first(where: { !latent.contains($0) }) {
      throw ModelError.missingInModel(unknown, model: record.table(), guide: "  \(unknown)")
    }
    func restricted(to own: Set<String>) -> () -> Void {
      { handle(model, with: OtherSitesHandler(own: own)) }
    }
    let continuous = record.latentSites.filter { $0.distribution?.support.isDiscrete == false }
    let whole = try? LatentLayout(restricted(to: Set(continuous.map(\.name))), dtype: dtype)
    if let whole, whole.hasMovingSupports {
      throw ModelError.movingSupport(whole.slots.map(\.name))
    }
    let starting = parts.lazy.compactMap { ($0.guide as? any StartingGuide)?.start }.first
    let found = try whole.flatMap { try starting?.found(model, $0, seed: seed) }
    let guides = try parts.enumerated().map { number, part in
      let own = restricted(to: part.names ?? Set(latent).subtracting(named))
      guard let guide = part.guide as? any StartingGuide, let whole, let found else {
        let prepared = try part.guide.prepared(for: own, dtype: dtype, seed: seed)
        return part.guide.namesSites ? prepared : prepared.renamed("guide\(number)")
      }
      let layout = try LatentLayout(own, dtype: dtype)
      let start = found.restricted(to: layout.ranges(in: whole))
      let prepared = try guide.prepared(layout, at: start, dtype: dtype)
      return guide.namesSites ? prepared : prepared.renamed("guide\(number)")
    }
    let places = guides.compactMap(\.place)
    return PreparedGuide(
      { for guide in guides { guide.draw() } },
      place: { probability in for place in places { place(probability) } }, start: found?.report)
  }
}

extension Guide {
  /// Whether what the guide names is called after the sites it draws, or by the user: two of the kind
  /// do not get in each other's way.
  fileprivate var namesSites: Bool {
    self is any SiteGuide || !(self is any StartingGuide || self is GuideList)
  }
}

extension LatentLayout {
  /// Where the sites lie in a layout of more sites.
  fileprivate func ranges(in whole: LatentLayout) -> [Range<Int>] {
    slots.compactMap { slot in whole.slots.first { $0.name == slot.name }?.range }
  }
}

/// Hides the latent sites of other guides, which have some value of their support meanwhile.
private struct OtherSitesHandler: Handler {
  let own: Set<String>

  func process(_ site: inout Site) {
    guard site.isLatent, !own.contains(site.name) else { return }
    if site.value == nil { site.value = InitStrategy.feasible.value(site) }
    site.isHidden = true
  }
}

extension PreparedGuide {
  /// The same with a prefix to the names of the guide's own sites and parameters.
  fileprivate func renamed(_ prefix: String) -> PreparedGuide {
    let handler = OwnNameHandler(prefix: prefix)
    let (draw, place) = (draw, place)
    return PreparedGuide(
      { handle(draw, with: handler) },
      place: place.map { place in { p in handle({ place(p) }, with: handler) } }, start: start)
  }
}

private struct OwnNameHandler: Handler {
  let prefix: String

  func process(_ site: inout Site) {
    if site.mayRepeat || site.infer.isAuxiliary { site.name = "\(prefix).\(site.name)" }
  }
}
