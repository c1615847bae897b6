/// A distribution of loc + scale · z, where z does not depend on either.
public protocol LocationScaleDistribution: Distribution {
  var loc: Tensor { get }
  var scale: Tensor { get }

  /// The same distribution at another place, of the same batch shape.
  func relocated(_ loc: Tensor, _ scale: Tensor) -> Self
}

extension Normal: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> Normal {
    Normal(loc, scale).expanded(to: batchShape)
  }
}

extension Cauchy: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> Cauchy {
    Cauchy(loc, scale).expanded(to: batchShape)
  }
}

extension Laplace: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> Laplace {
    Laplace(loc, scale).expanded(to: batchShape)
  }
}

extension Logistic: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> Logistic {
    Logistic(loc, scale).expanded(to: batchShape)
  }
}

extension Gumbel: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> Gumbel {
    Gumbel(loc, scale).expanded(to: batchShape)
  }
}

extension SoftLaplace: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> SoftLaplace {
    SoftLaplace(loc, scale).expanded(to: batchShape)
  }
}

extension StudentT: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> StudentT {
    StudentT(df, loc, scale).expanded(to: batchShape)
  }
}

extension SkewLogistic: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> SkewLogistic {
    SkewLogistic(loc, scale, asymmetry).expanded(to: batchShape)
  }
}

extension AsymmetricLaplace: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> AsymmetricLaplace {
    AsymmetricLaplace(loc, scale, asymmetry).expanded(to: batchShape)
  }
}

extension GeneralizedNormal: LocationScaleDistribution {
  public func relocated(_ loc: Tensor, _ scale: Tensor) -> GeneralizedNormal {
    GeneralizedNormal(loc, scale, shape).expanded(to: batchShape)
  }
}

extension Independent: LocationScaleDistribution where Base: LocationScaleDistribution {
  public var loc: Tensor { base.loc }
  public var scale: Tensor { base.scale }

  public func relocated(_ loc: Tensor, _ scale: Tensor) -> Independent {
    base.relocated(loc, scale).toEvent(eventRank)
  }
}
