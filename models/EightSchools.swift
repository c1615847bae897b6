public import PPL

/// Effects of coaching on test scores in eight schools (Rubin 1981), the effects partially pooled.
public enum EightSchools {
  /// Estimated effect in each school.
  public static let effects: Tensor = [28, 8, -3, 7, -1, 1, 18, 12]
  /// Standard error of each estimate.
  public static let errors: Tensor = [15, 10, 16, 11, 9, 11, 10, 18]

  /// Non-centred: the effect of a school is mu + tau · eta with standard normal eta.
  public static func nonCentered() {
    let mu = sample("mu", Normal(0, 5))
    let tau = sample("tau", HalfCauchy(5))
    plate("schools", 8) {
      let eta = sample("eta", Normal(0, 1))
      let theta = deterministic("theta", mu + tau * eta)
      sample("effect", Normal(theta, errors), observed: effects)
    }
  }
}
