/// Draws the base of a transformed distribution, as the site `name_base`, and transforms the draw.
public struct TransformReparam: Reparameterization {
  public init() {}

  public func value(_ name: String, _ distribution: any Distribution) -> Tensor? {
    (distribution as? any Transformed)?.drawn(fromSite: "\(name)_base", eventAxes: 0)
  }
}

/// A distribution that can be drawn through its base.
private protocol Transformed {
  /// - Parameter eventAxes: how many of the innermost batch axes belong to one event.
  func drawn(fromSite name: String, eventAxes: Int) -> Tensor
}

extension TransformedDistribution: Transformed {
  fileprivate func drawn(fromSite name: String, eventAxes: Int) -> Tensor {
    let promoted = base.batchShape.rank - batchShape.rank
    return bijector.forward(PPL.sample(name, base.toEvent(promoted + eventAxes)))
  }
}

extension Independent: Transformed where Base: Transformed {
  fileprivate func drawn(fromSite name: String, eventAxes: Int) -> Tensor {
    base.drawn(fromSite: name, eventAxes: eventAxes + eventRank)
  }
}
