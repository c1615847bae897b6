/// Takes location and scale out of a site (Gorinova, Moore & Hoffman 2020).
///
/// With c between 0 (not centred) and 1 (centred, as written), the site `name_decentered` is drawn
/// with location c · loc and scale scaleᶜ, and the value is
/// loc + scale¹⁻ᶜ · (decentered − c · loc).
public struct LocScaleReparam: Reparameterization {
  private let centered: Tensor?

  /// - Parameter centered: c; nil learns it, for each element, as the parameter `name_centered`.
  public init(centered: Tensor? = nil) { self.centered = centered }

  public func value(_ name: String, _ distribution: any Distribution) -> Tensor? {
    (distribution as? any LocationScaleDistribution).map { decentered(name, $0) }
  }

  private func decentered(_ name: String, _ base: some LocationScaleDistribution) -> Tensor {
    let (loc, scale) = (base.loc, base.scale)
    let c =
      centered
      ?? param(
        "\(name)_centered", Tensor.full(base.batchShape + base.eventShape, 0.5),
        constraint: .unitInterval)
    let drawn = sample("\(name)_decentered", base.relocated(c * loc, pow(scale, c)))
    return loc + pow(scale, 1 - c) * (drawn - c * loc)
  }
}
