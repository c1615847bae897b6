internal import PPL

/// A bijector that runs another one in its own way, and claims what that one does.
protocol BijectorWrapper: Bijector {
  var base: any Bijector { get }
}

extension BijectorWrapper {
  var eventRank: Int { base.eventRank }
  var valueRank: Int { base.valueRank }
  var domain: Constraint { base.domain }
  var codomain: Constraint { base.codomain }
  var isAutoregressive: Bool { base.isAutoregressive }
  var isVolumePreserving: Bool { base.isVolumePreserving }
  var startsNearIdentity: Bool { base.startsNearIdentity }
  func image(of set: Constraint) -> Constraint { base.image(of: set) }
  func forwardShape(_ shape: Shape) -> Shape { base.forwardShape(shape) }
  func inverseShape(_ shape: Shape) -> Shape { base.inverseShape(shape) }
}
