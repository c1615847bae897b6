package import Distributions

/// A guide that draws all latent sites from one vector of unconstrained numbers: Pyro's
/// `AutoContinuous`.
package protocol JointGuide: Guide {
  var start: GuideStart { get }

  /// The distributions of the vector that the guide chooses from.
  func family(_ origin: GuideOrigin) -> LatentFamily
}

/// Distributions of a latent vector.
package struct LatentFamily {
  /// The distribution at the present parameters.
  let distribution: () -> any Distribution
  /// Mean and standard deviation of each coordinate, where all are normal.
  let marginals: (() -> (mean: Tensor, scale: Tensor))?

  package init(
    _ distribution: @escaping () -> any Distribution,
    marginals: (() -> (mean: Tensor, scale: Tensor))? = nil
  ) {
    self.distribution = distribution
    self.marginals = marginals
  }

  /// A family of normal distributions that know their moments.
  init(normal distribution: @escaping () -> some MomentDistribution) {
    self.init(distribution) {
      let moments = distribution()
      return (moments.mean, moments.standardDeviation)
    }
  }
}

extension JointGuide {
  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    try prepared(for: model, dtype: dtype, seed: 0).draw
  }

  public func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    let layout = try LatentLayout(model, dtype: dtype)
    let found = try start.found(model, layout, seed: seed)
    let family = family(GuideOrigin(found, dtype))
    return PreparedGuide(
      {
        let latent = sample("_auto_latent", family.distribution(), infer: .auxiliary)
        layout.sampleSites(from: latent)
      },
      place: family.marginals.map { marginals in
        { probability in
          let (mean, scale) = marginals()
          let quantile = Normal(mean, scale).icdf(Tensor(floatLiteral: probability))
          layout.sampleSites(from: quantile)
        }
      }, start: found.report)
  }
}

/// The unconstrained vector that a joint guide starts at, and the units it measures it in.
///
/// Parameters of the guide are relative to it. It is found once, and kept among the mutable values of
/// a fit so that a saved one has it.
package struct GuideOrigin {
  private let found: FoundStart
  package let dtype: DType
  package var dimension: Int { found.point.count }
  /// The standard deviation that a family starts with, in the units of the origin.
  package var scale: Double { found.scale }

  init(_ found: FoundStart, _ dtype: DType) {
    self.found = found
    self.dtype = dtype
  }

  /// Whether the vector is measured from zero in its own units.
  private var isTrivial: Bool { found.fit == nil && found.point.allSatisfy { $0 == 0 } }

  /// A shift and a positive scale for each coordinate; nil for the identity. To be asked for once,
  /// and called in the body of the guide.
  package var diagonal: (() -> (loc: Tensor, scale: Tensor))? {
    guard !isTrivial else { return nil }
    let loc = constant("auto_origin", Tensor(found.point))
    let scale = found.fit.map { constant("auto_unit", $0.conditionalScales) }
    return { (loc(), scale?() ?? 1) }
  }

  /// The map of the vector in the units of the origin to the vector itself, correlations included; nil
  /// for the identity.
  package var affine: (() -> any Bijector)? {
    guard !isTrivial else { return nil }
    let loc = constant("auto_origin", Tensor(found.point))
    guard let factor = found.fit.map({ constant("auto_unit", $0.scaleTril) }) else {
      return { Affine(shift: loc(), scale: 1) }
    }
    return {
      let factor = factor()
      return TriangularMap(loc: loc(), factor: factor, logDet: log(factor.diagonal()).sum())
    }
  }

  private func constant(_ name: String, _ value: Tensor) -> () -> Tensor {
    let value = value.cast(to: dtype).detached()
    return { mutable(name, value) }
  }
}

/// x ↦ loc + L x for a lower triangular matrix L with a positive diagonal.
struct TriangularMap: Bijector {
  let loc: Tensor
  let factor: Tensor
  let logDet: Tensor
  var eventRank: Int { 1 }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (loc + matmul(x, factor.transposed()), logDet)
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = triangularSolve(factor, (y - loc).expandingDims(at: -1))
    return (x.squeezing(at: -1), -logDet)
  }
}
