import Distributions

/// Independent normals over the unconstrained latent variables: Pyro's `AutoDiagonalNormal`.
///
/// z = origin + unit · (loc + scale · ε), where origin and unit are those of the start.
public struct DiagonalNormalGuide: JointGuide {
  package let start: GuideStart

  public init(start: GuideStart = .gaussian()) { self.start = start }

  package func family(_ origin: GuideOrigin) -> LatentFamily {
    let (dimension, initialScale, diagonal) = (origin.dimension, origin.scale, origin.diagonal)
    return LatentFamily(normal: {
      var loc = param("auto_loc", Tensor.zeros([dimension]))
      var scale = param(
        "auto_scale", Tensor.full([dimension], initialScale), constraint: .positive)
      if let (shift, unit) = diagonal?() {
        loc = shift + unit * loc
        scale = unit * scale
      }
      return Normal(loc, scale).toEvent(1)
    })
  }
}
