/// The latent sites of a model laid end to end in one unconstrained vector.
public struct LatentLayout: Sendable {
  struct Slot: Sendable {
    let name: String
    let bijector: any Bijector
    /// The shape of the unconstrained value.
    let shape: Shape
    let eventRank: Int
    let range: Range<Int>
  }

  let slots: [Slot]
  /// The length of the vector.
  public let dimension: Int

  /// Runs the model once to find its latent sites.
  ///
  /// - Throws: `ModelError.discreteSite` for a site without a continuous support,
  ///   `ModelError.noLatentSites` if there is none.
  public init(_ model: () -> Void, dtype: DType) throws {
    let key = RandomKey(0).foldIn("layout")
    let trace = try seeded(key: key, dtype: dtype) { try PPL.trace(model) }
    var slots: [Slot] = []
    var start = 0
    for site in trace.sites where site.kind == .sample && !site.isObserved {
      guard let distribution = site.distribution else { continue }
      guard !distribution.support.isDiscrete else { throw ModelError.discreteSite(site.name) }
      let bijector = distribution.support.bijector
      let shape = bijector.inverseShape(distribution.batchShape + distribution.eventShape)
      let range = start..<start + shape.elementCount
      slots.append(
        Slot(
          name: site.name, bijector: bijector, shape: shape,
          eventRank: distribution.eventShape.rank, range: range))
      start = range.upperBound
    }
    guard !slots.isEmpty else { throw ModelError.noLatentSites }
    self.slots = slots
    dimension = start
  }

  /// Draws every latent site from its part of an unconstrained vector.
  ///
  /// Each site's log density is that of the change of variables alone; the vector's own density
  /// belongs to the site that drew it.
  public func sampleSites(from latent: Tensor) {
    for slot in slots {
      let part = latent.slice(slot.range, along: -1).reshaped(to: slot.shape)
      let (value, logDet) = slot.bijector.forwardAndLogDet(part, context: nil)
      let excess = slot.eventRank - slot.bijector.valueRank
      let isSummed = excess > 0 && logDet.rank >= excess
      let total = isSummed ? logDet.sum(axes: (1...excess).map { -$0 }) : logDet
      sample(
        slot.name,
        Delta(
          value, logDensity: slot.bijector.isVolumePreserving ? 0 : -total,
          eventRank: slot.eventRank))
    }
  }
}
