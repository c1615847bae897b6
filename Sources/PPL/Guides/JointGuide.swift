package import Distributions

/// A guide that draws all latent sites from one vector of unconstrained numbers: Pyro's
/// `AutoContinuous`. What a family adds to a normal distribution it starts at begins as nothing.
package protocol JointGuide: StartingGuide {
  /// The distributions of the vector that the guide chooses from.
  func family(_ origin: GuideOrigin) throws -> LatentFamily
}

/// Distributions of a latent vector.
package struct LatentFamily {
  /// The distribution at the present parameters.
  let distribution: () -> any Distribution
  /// The distributions of the coordinates, where all are normal.
  let marginals: (() -> NormalMarginals)?

  package init(
    _ distribution: @escaping () -> any Distribution,
    marginals: (() -> NormalMarginals)? = nil
  ) {
    self.distribution = distribution
    self.marginals = marginals
  }

  /// A family of normal distributions that know their moments.
  init(normal distribution: @escaping () -> some MomentDistribution) {
    self.init(distribution) {
      let moments = distribution()
      return NormalMarginals(mean: moments.mean, scale: moments.standardDeviation)
    }
  }
}

extension JointGuide {
  package func prepared(
    _ layout: LatentLayout, at found: FoundStart, dtype: DType
  ) throws -> PreparedGuide {
    let family = try family(GuideOrigin(found, dtype, model: layout.model))
    // A normal distribution that was found is kept whole; from a point random changes lead away.
    let start = { (draw: () -> Tensor) in
      found.fit == nil ? draw() : handle(draw, with: NoChange())
    }
    return PreparedGuide(
      {
        let latent = start {
          sample("_auto_latent", family.distribution(), infer: .auxiliary)
        }
        layout.sampleSites(from: latent)
      },
      place: family.marginals.map { marginals in
        { layout.placeQuantiles(marginals().quantile($0)) }
      }, start: found.report)
  }
}

/// Normal distributions of the coordinates of a latent vector.
package struct NormalMarginals {
  let mean: Tensor
  let scale: Tensor

  /// The quantile of each coordinate.
  func quantile(_ probability: Double) -> Tensor {
    mean + scale * Normal(0, 1).icdf(Tensor(probability, dtype: mean.dtype))
  }
}

/// The marginals of the image of standard normal numbers under an affine map, from the images of 0 and
/// of the unit vectors.
func normalMarginals(
  _ dimension: Int, _ dtype: DType, _ map: (Tensor) -> Tensor
) -> NormalMarginals {
  let mean = map(Tensor.zeros([dimension], dtype: dtype))
  let columns = map(Tensor.eye(dimension, dtype: dtype)) - mean
  return NormalMarginals(mean: mean, scale: sqrt(square(columns).sum(axis: 0)))
}

/// The unconstrained vector that a joint guide starts at, and the units it measures it in.
///
/// Parameters of the guide are relative to it. It is found once, and kept among the mutable values of
/// a fit so that a saved one has it.
package struct GuideOrigin {
  private let found: FoundStart
  package let dtype: DType
  private let model: () -> Void
  package var dimension: Int { found.point.count }
  /// The standard deviation that a family starts with, in the units of the origin.
  package var scale: Double { found.scale }

  init(_ found: FoundStart, _ dtype: DType, model: @escaping () -> Void) {
    self.found = found
    self.dtype = dtype
    self.model = model
  }

  /// Which coordinates depend on which in the posterior.
  package func posteriorGraph() throws -> PosteriorGraph { try PosteriorGraph(model) }

  /// The same place, and units in which coordinates depend on these parents alone: what a family
  /// without the other dependences could not undo.
  package func following(_ parents: [[Bool]]) -> GuideOrigin {
    GuideOrigin(
      FoundStart(
        point: found.point, scale: found.scale, fit: found.fit?.following(parents),
        report: found.report), dtype, model: model)
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

  /// A factor F and a diagonal d with which F Fᵀ + diag(d) is near the covariance of the origin in its
  /// diagonal units: probabilistic principal components. Nil without a fit, and for very many
  /// coordinates.
  func principalFactor(rank: Int) -> (factor: Tensor, diagonal: Tensor)? {
    guard let fit = found.fit, dimension <= 1000 else { return nil }
    let root = fit.scaleTril / fit.conditionalScales.expandingDims(at: -1)
    let (values, vectors) = eigh(matmul(root, root.transposed()))
    let rest = dimension - rank
    let noise = rest > 0 ? values.slice(0..<rest).mean() : 0.5 * values.slice(0..<1).mean()
    let loadings = sqrt(values.slice(rest..<dimension) - noise)
    let factor = vectors.slice(rest..<dimension, along: 1) * loadings
    let diagonal = square(root).sum(axis: -1) - square(factor).sum(axis: -1)
    return (factor.cast(to: dtype).detached(), diagonal.cast(to: dtype).detached())
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
