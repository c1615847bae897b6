/// What one site adds to log p(x, z) − log q(z).
struct Cost {
  let site: Site
  let isInGuide: Bool
  /// The log density over batch and plates, without the scale.
  let logProb: Tensor

  /// A part of the log density as often as it counts, negative in the guide.
  func weighted(_ part: Tensor) -> Tensor { site.scaled(part, by: isInGuide ? -1 : 1) }

  /// The log density summed over all axes but those of some plates; it has the axes of plates of
  /// these that the site stands in.
  func summed(keeping plates: [Site.Plate]) -> Tensor {
    let kept = plates.filter(site.plates.contains).map(\.axis)
    let rank = logProb.rank
    let others = (0..<rank).filter { !kept.contains($0 - rank) }
    let sum = others.isEmpty ? logProb : logProb.sum(axes: others, keepingAxes: true)
    return sum.reshaped(to: Shape(sum.shape.suffix(kept.map { -$0 }.max() ?? 0)))
  }
}

extension ParticleTrace {
  /// The parts of `logWeight`, but those that are zero by construction.
  var costs: [Cost] {
    func costs(_ trace: Trace, isInGuide: Bool) -> [Cost] {
      trace.sites.compactMap { site in
        guard site.kind == .sample || site.kind == .factor else { return nil }
        return site.fullLogProb().map { Cost(site: site, isInGuide: isInGuide, logProb: $0) }
      }
    }
    return costs(model, isInGuide: false) + costs(guide, isInGuide: true)
  }
}

extension Sequence<Tensor> {
  /// The sum of tensors that broadcast with each other; 0 if there are none.
  func total() -> Tensor {
    var total: Tensor?
    for term in self { total = total.map { $0 + term } ?? term }
    return total ?? 0
  }
}
