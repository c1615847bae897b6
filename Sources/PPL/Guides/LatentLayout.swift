/// The latent sites of a model laid end to end in one unconstrained vector.
public struct LatentLayout {
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
  let model: () -> Void
  /// Whether the support of a site depends on other latent sites, or on parameters.
  let hasMovingSupports: Bool

  /// Runs the model to find its latent sites.
  ///
  /// - Throws: `ModelError.discreteSite` for a site without a continuous support,
  ///   `ModelError.noLatentSites` if there is none.
  public init(_ model: @escaping () -> Void, dtype: DType) throws {
    let trace = try LatentLayout.run(model, .feasible, dtype)
    let other = try LatentLayout.run(model, .uniform(), dtype)
    var slots: [Slot] = []
    var start = 0
    for site in trace.sites where site.kind == .sample && !site.isObserved {
      // Sites that are summed out need no draws.
      guard site.infer.enumeration == nil, let distribution = site.distribution else { continue }
      guard !distribution.support.isDiscrete else { throw ModelError.discreteSite(site.name) }
      if let plate = site.plates.first(where: { $0.count != $0.size }) {
        throw ModelError.subsampledSite(site.name, plate: plate.name)
      }
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
    self.model = model
    dimension = start
    hasMovingSupports = slots.contains {
      trace[$0.name]?.distribution?.support != other[$0.name]?.distribution?.support
    }
  }

  /// The unconstrained vector of the values that a strategy gives the sites.
  func point(_ strategy: InitStrategy, _ key: RandomKey) throws -> [Double] {
    let trace = try LatentLayout.run(model, strategy, .float64, key)
    return slots.flatMap { slot -> [Double] in
      guard let site = trace[slot.name], let value = site.value,
        let bijector = site.distribution?.support.bijector
      else { return [] }
      return bijector.inverse(value).array()
    }
  }

  /// Runs the model once, with the values of a strategy at its latent sites.
  static func run(
    _ model: () -> Void, _ strategy: InitStrategy, _ dtype: DType,
    _ key: RandomKey = RandomKey(0).foldIn("layout")
  ) throws -> Trace {
    try handle(
      {
        try handle(
          { try seeded(key: key, dtype: dtype) { try PPL.trace(model) } },
          with: InitHandler(strategy: strategy))
      }, with: FreshParameters(key: key))
  }

  /// Draws every latent site from its part of an unconstrained vector.
  ///
  /// Each site's log density is that of the change of variables alone; the vector's own density
  /// belongs to the site that drew it.
  public func sampleSites(from latent: Tensor) {
    let values =
      hasMovingSupports ? movingValues(latent) : slots.map { placed($0, $0.bijector, latent) }
    for (slot, (value, logDet)) in zip(slots, values) {
      sample(
        slot.name,
        Delta(
          value, logDensity: slot.bijector.isVolumePreserving ? 0 : -logDet,
          eventRank: slot.eventRank))
    }
  }

  /// Gives each site the image of its part of a vector of quantiles, where that is the quantile of the
  /// site: where each number is an increasing function of one coordinate.
  func placeQuantiles(_ latent: Tensor) {
    guard !hasMovingSupports else { return }
    for slot in slots where slot.bijector.isIncreasing(slot.shape) {
      let value = placed(slot, slot.bijector, latent).value
      sample(slot.name, Delta(value, eventRank: slot.eventRank))
    }
  }

  /// A site's value, and the log determinant of the map there for each of its events.
  private func placed(
    _ slot: Slot, _ bijector: any Bijector, _ latent: Tensor
  ) -> (value: Tensor, logDet: Tensor) {
    let part = latent.slice(slot.range, along: -1).reshaped(to: slot.shape)
    let (value, logDet) = bijector.forwardAndLogDet(part, context: nil)
    let excess = slot.eventRank - bijector.valueRank
    let isSummed = excess > 0 && logDet.rank >= excess
    return (value, isSummed ? logDet.sum(axes: (1...excess).map { -$0 }) : logDet)
  }

  /// The same where supports depend on other latent sites: the model's code is run for them.
  private func movingValues(_ latent: Tensor) -> [(value: Tensor, logDet: Tensor)] {
    let handler = placing(latent)
    block(where: { $0.kind != .param && !$0.isMutable }) { handle(model, with: handler) }
    return handler.values(slots.map(\.name))
  }

  private func placing(_ latent: Tensor) -> PlacingHandler {
    PlacingHandler { site in
      slots.first { $0.name == site.name }.flatMap { slot in
        site.distribution.map { placed(slot, $0.support.bijector, latent) }
      }
    }
  }

  /// Runs the model with the latent values that an unconstrained vector stands for.
  ///
  /// - Returns: what the model did, and the log density of the vector: log p(x, z) at the values z
  ///   plus the log determinant of the map to them.
  func trace(at latent: Tensor) throws -> (trace: Trace, logDensity: Tensor) {
    let handler = placing(latent)
    let trace = try PPL.trace { handle(model, with: handler) }
    let logDets = handler.values(slots.map(\.name)).map { $0.logDet.sum() }
    return (trace, logDets.reduce(trace.logProbSum(), +))
  }
}

extension Bijector {
  /// Whether each element of the image is an increasing function of the same element of a point.
  func isIncreasing(_ shape: Shape) -> Bool {
    guard forwardShape(shape) == shape else { return false }
    let (low, high) = (forward(Tensor.zeros(shape)), forward(Tensor.ones(shape)))
    guard (high .> low).all().boolArray()[0] else { return false }
    // The images of those coordinates alone follow that are moved. Any two coordinates differ in a
    // bit of their numbers, so one of them is once moved without the other.
    var bit = 1
    while bit < shape.elementCount {
      let moved = (0..<shape.elementCount).map { $0 & bit == 0 ? 0.0 : 1 }
      let point = Tensor(moved, shape: shape, dtype: .float64)
      let expected = `where`(point .> 0, high, low)
      guard (forward(point) .== expected).all().boolArray()[0] else { return false }
      bit *= 2
    }
    return true
  }
}

/// Gives parameters tensors of their own in every run, by which supports that depend on them are
/// told from others.
private struct FreshParameters: Handler {
  let key: RandomKey

  func process(_ site: inout Site) {
    guard site.kind == .param, let initial = site.declaration?.initialValue else { return }
    let value = initial(key.foldIn(site.name))
    site.value = Tensor(value.array(), shape: value.shape, dtype: value.dtype)
  }
}

/// Gives latent sites values on their supports, and notes them.
private final class PlacingHandler: Handler {
  typealias Placed = (value: Tensor, logDet: Tensor)
  /// Used while `movingValues` runs, in its own task only.
  nonisolated(unsafe) private let place: (Site) -> Placed?
  private let placed = Locked<[String: Placed]>([:])

  init(_ place: @escaping (Site) -> Placed?) { self.place = place }

  func process(_ site: inout Site) {
    guard site.kind == .sample, !site.isObserved, let pair = place(site) else { return }
    site.value = pair.value
    let name = site.name
    placed.withLock { $0[name] = pair }
  }

  func values(_ names: [String]) -> [Placed] {
    placed.withLock { all in
      names.map { name in
        guard let pair = all[name] else {
          preconditionFailure("site \"\(name)\" was met when the guide was made, but not now")
        }
        return pair
      }
    }
  }
}
