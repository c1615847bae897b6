public import PPL

/// Some coordinates stay as they are; the others go through a transformer whose parameters any
/// network computes from those (Dinh et al. 2017, with any transformer). One evaluation of the
/// network in both directions.
public struct Coupling: Bijector {
  private let mask: CouplingMask
  private let transformer: any Transformer
  private let network: any ConditionerNetwork
  private let contextDimension: Int
  private let name: String
  private let kept: [Int]
  private let changed: [Int]
  /// Where each coordinate is when the kept ones stand before the changed ones.
  private let places: [Int]

  public var eventRank: Int { mask.shape.rank }
  public var domain: Constraint { transformer.domain.independent(eventRank) }
  public var codomain: Constraint { transformer.codomain.independent(eventRank) }
  /// Whether the coordinates that stay come first; layers that change each other's have no order.
  public var isAutoregressive: Bool { places == Array(places.indices) }
  public var isVolumePreserving: Bool { transformer.isVolumePreserving }
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - network: sees the kept coordinates as a vector.
  ///   - contextDimension: the length of the context vectors, 0 for a layer that follows none.
  ///   - name: the prefix of the parameters' names.
  public init(
    _ mask: CouplingMask, transformer: some Transformer, network: some ConditionerNetwork,
    contextDimension: Int = 0, name: String
  ) {
    self.mask = mask
    self.transformer = transformer
    self.network = network
    self.contextDimension = contextDimension
    self.name = name
    precondition(
      mask.isKept.contains(false), "coupling layer: its mask keeps all \(mask.shape) coordinates")
    kept = mask.isKept.indices.filter { mask.isKept[$0] }
    changed = mask.isKept.indices.filter { !mask.isKept[$0] }
    let order = kept + changed
    places = order.indices.sorted { order[$0] < order[$1] }
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    checkEvent(shape, mask.shape, "coupling layer")
    return shape
  }

  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    applying(x, context) { transformer.forwardAndLogDet($0, $1) }
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = applying(y, context) {
      let (x, logDet) = transformer.inverseAndLogDet($0, $1)
      return (y: x, logDet: logDet)
    }
    return (x, logDet)
  }

  private func applying(
    _ x: Tensor, _ context: Tensor?, _ map: (Tensor, [Tensor]) -> (y: Tensor, logDet: Tensor)
  ) -> (y: Tensor, logDet: Tensor) {
    checkEvent(x.shape, mask.shape, "coupling layer")
    let context = taken(context, contextDimension, "coupling layer")
    let batch = Shape(x.shape.dropLast(eventRank))
    let flat = x.reshaped(to: batch + [mask.isKept.count])
    let source = flat.elements(kept)
    let start = transformer.start.flatMap { [Double](repeating: $0, count: changed.count) }
    let parameters = network(source, context: context, start: start, name: name)
      .split([Int](repeating: changed.count, count: transformer.start.count), along: -1)
    let (target, logDet) = map(flat.elements(changed), parameters)
    let outer = Shape(target.shape.dropLast())
    let joined = concat([source.broadcast(to: outer + [kept.count]), target], along: -1)
    return (joined.elements(places).reshaped(to: outer + mask.shape), logDet.sum(axis: -1))
  }
}

/// The context as a layer takes it: of the length that it was made for, or none, like a layer that
/// learns constants, if it was made for none.
func taken(_ context: Tensor?, _ dimension: Int, _ layer: StaticString) -> Tensor? {
  dimension > 0 ? checkedContext(context, dimension, "\(layer)") : nil
}

extension Tensor {
  /// Some entries of the last axis; neighbours, or all in order, without a copy.
  fileprivate func elements(_ indices: [Int]) -> Tensor {
    guard let first = indices.first, let last = indices.last else { return slice(0..<0, along: -1) }
    if indices == Array(first...Swift.max(first, last)) {
      return slice(first..<last + 1, along: -1)
    }
    return gathered(Tensor(indices), along: -1)
  }
}
