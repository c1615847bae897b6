/// Where the latent sites of a model start: what Pyro passes as `init_loc_fn`.
public struct InitStrategy: Sendable {
  /// The value a site starts with, in its support; nil where the strategy has none.
  let value: @Sendable (Site) -> Tensor?

  /// The image of 0 under the map from unconstrained numbers: Pyro's `init_to_feasible`.
  public static var feasible: InitStrategy {
    InitStrategy { site in
      guard let bijector = site.continuousBijector, let shape = site.drawShape else { return nil }
      let zeros = Tensor.zeros(bijector.inverseShape(shape), dtype: site.dtype)
      return bijector.forward(zeros)
    }
  }

  /// A draw from the prior, a feasible value where the prior has none.
  public static var sample: InitStrategy {
    InitStrategy { site in
      guard let key = site.key, let distribution = site.distribution,
        !(distribution is ImproperUniform)
      else { return nil }
      return distribution.sample([], key: key, dtype: site.dtype)
    }.otherwise(.feasible)
  }

  /// Unconstrained numbers between ±`radius`: Stan's start, and NumPyro's.
  public static func uniform(radius: Double = 2) -> InitStrategy {
    precondition(radius > 0, "InitStrategy.uniform: radius must be positive, got \(radius)")
    return InitStrategy { site in
      guard let bijector = site.continuousBijector, let shape = site.drawShape, let key = site.key
      else { return nil }
      let inner = bijector.inverseShape(shape)
      return bijector.forward(radius * (2 * key.uniform(inner, dtype: site.dtype) - 1))
    }
  }

  /// The mean of the prior, where it has one; else the median.
  public static var mean: InitStrategy {
    InitStrategy { site in
      guard let prior = site.distribution as? any MomentDistribution else { return nil }
      let mean = prior.mean
      let isUsable = isFinite(mean) .&& prior.support.contains(mean)
      return isUsable.all().boolArray()[0] ? mean : nil
    }.otherwise(.median())
  }

  /// The element-wise median of draws from the prior; a feasible value where the prior has no draws
  /// or the median of its draws is none of its values.
  public static func median(samples: Int = 15) -> InitStrategy {
    precondition(samples > 0, "InitStrategy.median: samples must be positive, got \(samples)")
    return InitStrategy { site in
      guard let key = site.key, let distribution = site.distribution,
        !(distribution is ImproperUniform)
      else { return nil }
      let draws = distribution.sample([samples], key: key, dtype: site.dtype)
      let median = draws.median(axis: 0)
      return distribution.support.contains(median).all().boolArray()[0] ? median : nil
    }.otherwise(.feasible)
  }

  /// Given values, in the supports; `otherwise` where there is none.
  public static func values(
    _ values: [String: Tensor], otherwise: InitStrategy = .uniform()
  ) -> InitStrategy {
    InitStrategy { site in
      values[site.name].map { value in
        site.requireFit(value, "InitStrategy.values")
        return value.broadcast(to: site.drawShape ?? value.shape)
      }
    }.otherwise(otherwise)
  }

  /// This strategy, and another one where it has no value.
  func otherwise(_ other: InitStrategy) -> InitStrategy {
    InitStrategy { value($0) ?? other.value($0) }
  }
}

/// Gives latent sites the values they start with. Discrete sites are drawn.
package struct InitHandler: Handler {
  let strategy: InitStrategy

  package init(strategy: InitStrategy) { self.strategy = strategy }

  package func process(_ site: inout Site) {
    guard site.kind == .sample, site.value == nil,
      site.distribution?.support.isDiscrete == false
    else { return }
    site.value = strategy.value(site)
  }
}

extension Site {
  /// The map onto the support of a site with continuous values.
  fileprivate var continuousBijector: (any Bijector)? {
    guard let support = distribution?.support, !support.isDiscrete else { return nil }
    return support.bijector
  }
}
