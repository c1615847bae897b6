import Distributions

/// A normal over the unconstrained latent variables whose covariance is a diagonal and a matrix of
/// low rank: Pyro's `AutoLowRankMultivariateNormal`.
///
/// z = origin + unit · (loc + F ε + √d · δ), where origin and unit are those of the start.
public struct LowRankMultivariateNormalGuide: JointGuide {
  package let start: GuideStart
  private let rank: Int?

  /// - Parameter rank: the number of columns of F; nil for the square root of the number of latent
  ///   variables.
  public init(rank: Int? = nil, start: GuideStart = .gaussian()) {
    precondition(
      rank ?? 1 > 0,
      "LowRankMultivariateNormalGuide: the rank must be positive, got \(rank ?? 0)")
    self.rank = rank
    self.start = start
  }

  package func family(_ origin: GuideOrigin) -> LatentFamily {
    let dimension = origin.dimension
    let rank = min(rank ?? Int(Double(dimension).squareRoot().rounded()), dimension)
    let initialVariance = 0.5 * origin.scale * origin.scale
    let spread = (initialVariance / Double(rank)).squareRoot()
    let (diagonal, start) = (origin.diagonal, origin.principalFactor(rank: rank))
    return LatentFamily(normal: {
      var loc = param("auto_loc", Tensor.zeros([dimension]))
      var factor = param("auto_factor") { start?.factor ?? spread * $0.normal([dimension, rank]) }
      var variance = param(
        "auto_diagonal", start?.diagonal ?? Tensor.full([dimension], initialVariance),
        constraint: .positive)
      if let (shift, unit) = diagonal?() {
        loc = shift + unit * loc
        factor = (unit.rank == 0 ? unit : unit.expandingDims(at: -1)) * factor
        variance = square(unit) * variance
      }
      return LowRankMultivariateNormal(loc, factor, variance)
    })
  }
}
