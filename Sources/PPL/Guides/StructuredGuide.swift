import Distributions

/// A normal distribution over the unconstrained latent variables that is put together site by site:
/// Pyro's `AutoStructured`.
///
/// With x_s the deviation of site s from its location,
///
///     x_s = A_s ε_s + Σ_t W_st x_t   over sites t before s
///
/// where A_s is 0 (`.delta`), diagonal (`.normal`) or triangular (`.multivariateNormal`), and W_st a
/// matrix for each dependency. A guide whose dependencies are those of the posterior loses nothing
/// to `MultivariateNormalGuide` and has fewer parameters.
public struct StructuredGuide: StartingGuide {
  /// What a site is, given those it depends on.
  public enum Conditional: Sendable {
    /// A point: that of the highest density over unconstrained numbers.
    case delta
    case normal
    case multivariateNormal
  }

  /// Which sites depend linearly on which.
  public enum Dependencies: Sendable {
    case none
    /// Each on all that the model draws before it.
    case all
    /// Those named, by the site that depends on them.
    case given([String: [String]])
  }

  package let start: GuideStart
  private let conditionals: [String: Conditional]
  private let fallback: Conditional
  private let dependencies: Dependencies

  /// - Parameters:
  ///   - conditionals: by site.
  ///   - fallback: for sites that have none.
  public init(
    conditionals: [String: Conditional] = [:], default fallback: Conditional = .normal,
    dependencies: Dependencies = .all, start: GuideStart = .gaussian()
  ) {
    self.conditionals = conditionals
    self.fallback = fallback
    self.dependencies = dependencies
    self.start = start
  }

  package func prepared(
    _ layout: LatentLayout, at found: FoundStart, dtype: DType
  ) throws -> PreparedGuide {
    let known = layout.slots.map(\.name)
    var named = Array(conditionals.keys)
    if case .given(let names) = dependencies { named += names.keys }
    if let unknown = named.first(where: { !known.contains($0) }) {
      throw ModelError.missingInModel(unknown, model: "  \(known)", guide: "  \(unknown)")
    }
    let parts = try sites(layout)
    let count = parts.reduce(0) { $0 + $1.noise.count }
    let origin = GuideOrigin(found, dtype, model: layout.model)
    let (scale, diagonal) = (origin.scale, origin.diagonal)
    func latent(_ noise: Tensor) -> (value: Tensor, logScale: Tensor) {
      var deviations: [String: Tensor] = [:]
      var (pieces, logScale) = ([Tensor](), Tensor(0, dtype: dtype))
      for part in parts {
        let piece = part.value(noise, deviations, scale)
        deviations[part.name] = piece.deviation
        pieces.append(piece.value)
        logScale = logScale + piece.logScale
      }
      let value = concat(pieces, along: -1)
      guard let (shift, unit) = diagonal?() else { return (value, logScale) }
      return (shift + unit * value, logScale + parts.map { $0.logUnit(unit) }.total())
    }
    return PreparedGuide(
      {
        let normal = Normal(0, 1).expanded(to: [count]).toEvent(1)
        let (value, logScale) = latent(sample("_auto_latent", normal, infer: .auxiliary))
        factor("_auto_scale", -logScale)
        layout.sampleSites(from: value)
      },
      place: { probability in
        let marginals = normalMarginals(count, dtype) { latent($0).value }
        layout.placeQuantiles(marginals.quantile(probability))
      }, start: found.report)
  }

  /// The sites in their order, and where their noise lies.
  private func sites(_ layout: LatentLayout) throws -> [StructuredSite] {
    var start = 0
    var before: [String] = []
    return try layout.slots.map { slot in
      let conditional = conditionals[slot.name] ?? fallback
      let count = conditional == .delta ? 0 : slot.range.count
      defer {
        start += count
        before.append(slot.name)
      }
      let upstream: [String] =
        switch dependencies {
        case .none: []
        case .all: before
        case .given(let names): names[slot.name] ?? []
        }
      if let unknown = upstream.first(where: { !before.contains($0) }) {
        throw ModelError.laterDependency(slot.name, on: unknown)
      }
      return StructuredSite(
        name: slot.name, conditional: conditional, range: slot.range,
        noise: start..<start + count,
        upstream: upstream.map { name in
          (name, layout.slots.first { $0.name == name }?.range.count ?? 0)
        })
    }
  }
}

/// A site of a structured guide, in the units of the start.
private struct StructuredSite {
  let name: String
  let conditional: StructuredGuide.Conditional
  /// Its place in the latent vector, and that of its noise.
  let range: Range<Int>
  let noise: Range<Int>
  let upstream: [(name: String, count: Int)]

  /// The value, its deviation from the location, and the log determinant of the noise's part in it.
  func value(
    _ noise: Tensor, _ others: [String: Tensor], _ scale: Double
  ) -> (value: Tensor, deviation: Tensor, logScale: Tensor) {
    let count = range.count
    let loc = param("\(name)_auto_loc", Tensor.zeros([count]))
    var (deviation, logScale) = spread(noise.slice(self.noise, along: -1), scale)
    for (other, size) in upstream {
      let weight = param("\(name)_auto_weight.\(other)", Tensor.zeros([count, size]))
      guard let upstream = others[other] else { continue }
      deviation = deviation + matmul(upstream, weight.transposed())
    }
    return (loc + deviation, deviation, logScale)
  }

  private func spread(_ own: Tensor, _ initialScale: Double) -> (Tensor, logScale: Tensor) {
    let count = range.count
    guard conditional != .delta else {
      return (Tensor.zeros(own.shape.dropLast() + [count], dtype: own.dtype), 0)
    }
    let scale = param(
      "\(name)_auto_scale", Tensor.full([count], initialScale), constraint: .positive)
    var mixed = own
    if conditional == .multivariateNormal {
      let lower = tril(param("\(name)_auto_lower", Tensor.zeros([count, count])), -1)
      mixed = own + matmul(own, lower.transposed())
    }
    return (scale * mixed, log(scale).sum())
  }

  /// The log determinant of the units of what is not a point.
  func logUnit(_ unit: Tensor) -> Tensor {
    guard conditional != .delta, unit.rank > 0 else { return Tensor(0, dtype: unit.dtype) }
    return log(unit.slice(range)).sum()
  }
}
