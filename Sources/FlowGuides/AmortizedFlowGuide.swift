public import PPL

/// A flow over the latent variables outside of a plate, and for those inside one flow whose weights all
/// copies share, each copy in the context of its own data and of the variables outside:
///
///     q(z) = q(global) Πᵢ q(localᵢ | contextᵢ, global)
///
/// Its parameters do not grow with the plate, and a step may see a random subset of it (amortised
/// inference; Kingma & Welling 2014, with flows Kingma et al. 2016).
///
///     let guide = AmortizedFlowGuide(plate: "rows", contextDimension: 2) {
///       subsample(table, eventRank: 1)
///     }
///
/// For images, or other data that a network should read first, give `context` that network; for plates
/// over batches that are read as they are needed, write a guide with
/// `sample("code", flow.conditioned(on: rows))`.
public struct AmortizedFlowGuide: Guide {
  private let plateName: String
  private let contextDimension: Int
  private let local: FlowArchitecture
  private let global: FlowArchitecture
  private let context: () -> Tensor

  /// - Parameters:
  ///   - plate: the outermost and only plate of the latent sites that have a flow per copy.
  ///   - contextDimension: how many numbers a copy's flow is told.
  ///   - local: over the unconstrained variables of one copy.
  ///   - global: over those outside of the plate, if there are any.
  ///   - context: called inside the plate; gives copies × `contextDimension` numbers. Its parameter
  ///     sites are learned.
  public init(
    plate: String, contextDimension: Int, local: FlowArchitecture = .iaf(),
    global: FlowArchitecture = .iaf(), context: @escaping () -> Tensor
  ) {
    precondition(
      contextDimension > 0,
      "AmortizedFlowGuide: contextDimension must be positive, got \(contextDimension)")
    plateName = plate
    self.contextDimension = contextDimension
    self.local = local
    self.global = global
    self.context = context
  }

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    let sites = CopySites(plateName)
    let outside = try globalBody({ handle(model, with: sites) }, dtype)
    let (plate, slots) = try sites.found()
    let reader = LatentReader()
    let count = plate.count < plate.size ? plate.count : nil
    return {
      outside.map { draw in handle(draw, with: reader) }
      let latent = outside == nil ? nil : reader.latent
      PPL.plate(plate.name, plate.size, subsampleSize: count) { _ in
        drawCopies(slots, plate.count, given: latent)
      }
    }
  }

  /// Draws the sites outside of the plate; nil if there are none.
  private func globalBody(
    _ model: @escaping () -> Void, _ dtype: DType
  ) throws -> (() -> Void)? {
    do {
      return try FlowGuide(flow: global, start: .at()).body(for: model, dtype: dtype)
    } catch ModelError.noLatentSites {
      return nil
    }
  }

  /// Draws the sites in the plate.
  private func drawCopies(_ slots: [CopySites.Slot], _ count: Int, given latent: Tensor?) {
    var told = context()
    precondition(
      told.shape == [count, contextDimension],
      "AmortizedFlowGuide: a context of shape \(told.shape) for \([count, contextDimension])")
    if let latent {
      told = concat([told, latent.broadcast(to: [count, latent.count])], along: -1)
    }
    let flow = NormalizingFlow(
      local.scaled(by: 1), dimension: slots.reduce(0) { $0 + $1.size },
      contextDimension: told.shape[1], name: plateName)
    let copies = sample(
      "_auto_\(plateName)", flow.conditioned(on: told), infer: .auxiliary)
    for (slot, part) in zip(slots, copies.split(slots.map(\.size), along: -1)) {
      let (value, logDet) = slot.bijector.forwardAndLogDet(
        part.reshaped(to: [count] + slot.shape), context: nil)
      let inner = logDet.rank > 1 ? (1..<logDet.rank).map { -$0 } : []
      sample(
        slot.name,
        Delta(
          value, logDensity: inner.isEmpty ? -logDet : -logDet.sum(axes: inner),
          eventRank: slot.eventRank))
    }
  }
}

/// Hides the latent sites of a plate from a guide for the others, and notes them.
private final class CopySites: Handler {
  /// A site of one copy.
  struct Slot: Sendable {
    let name: String
    let bijector: any Bijector
    /// The shape of the unconstrained value.
    let shape: Shape
    let eventRank: Int
    var size: Int { shape.elementCount }
  }

  private struct Met: Sendable {
    var plate: Site.Plate?
    var slots: [Slot] = []
    var unsuitable: String?
  }

  private let name: String
  private let met = Locked(Met())

  init(_ name: String) { self.name = name }

  func process(_ site: inout Site) {
    guard site.kind == .sample, !site.isObserved, let distribution = site.distribution,
      let plate = site.plates.first(where: { $0.name == name })
    else { return }
    let bijector = distribution.support.bijector
    let slot = Slot(
      name: site.name, bijector: bijector,
      shape: bijector.inverseShape(distribution.eventShape),
      eventRank: distribution.eventShape.rank)
    let isSuitable = site.plates.count == 1 && plate.axis == -1
    met.withLock { met in
      met.plate = plate
      if !isSuitable { met.unsuitable = slot.name }
      if !met.slots.contains(where: { $0.name == slot.name }) { met.slots.append(slot) }
    }
    if site.value == nil {
      let zeros = Tensor.zeros(
        bijector.inverseShape(distribution.batchShape + distribution.eventShape))
      site.value = bijector.forward(zeros)
    }
    site.isHidden = true
  }

  func found() throws -> (plate: Site.Plate, slots: [Slot]) {
    let met = met.withLock { $0 }
    guard let plate = met.plate, met.unsuitable == nil else {
      throw ModelError.unsuitablePlate(name, site: met.unsuitable)
    }
    return (plate, met.slots)
  }
}

/// Reads the unconstrained vector that a joint guide draws: the one site that is not the model's.
private final class LatentReader: Handler {
  private let value = Locked<Tensor?>(nil)
  var latent: Tensor? { value.withLock { $0 } }

  func postprocess(_ site: inout Site) {
    guard site.kind == .sample, site.infer.isAuxiliary, let drawn = site.value else { return }
    value.withLock { $0 = drawn }
  }
}
