public import PPL

/// Batting chances of eighteen players from their first 45 times at bat in 1970 (Efron & Morris
/// 1975), pooled not at all, fully, and partially.
public enum Baseball {
  public static let players = [
    "Clemente", "F. Robinson", "F. Howard", "Johnstone", "Berry", "Spencer", "Kessinger",
    "Alvarado", "Santo", "Swoboda", "Unser", "Williams", "Scott", "Petrocelli", "E. Rodriguez",
    "Campaneris", "Munson", "Alvis",
  ]
  /// Times at bat, the same for every player, and hits among them.
  public static let atBats: Tensor = 45
  public static let hits: Tensor = [
    18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7,
  ]
  /// Times at bat in the rest of the season, and the share of hits among them.
  public static let remainingAtBats: Tensor = [
    367, 426, 521, 275, 418, 466, 586, 138, 510, 200, 277, 270, 435, 538, 186, 558, 408, 70,
  ]
  public static let remainingAverages: Tensor = [
    0.346, 0.298, 0.276, 0.222, 0.273, 0.270, 0.263, 0.210, 0.269, 0.230, 0.264, 0.256, 0.303,
    0.264, 0.226, 0.285, 0.316, 0.200,
  ]

  /// Each player alone.
  public static func noPooling() {
    plate("players", 18) {
      let chance = sample("chance", Beta(1, 1))
      sample("hits", Binomial(atBats, probs: chance), observed: hits)
    }
  }

  /// One chance for all.
  public static func fullPooling() {
    let chance = sample("chance", Beta(1, 1))
    plate("players", 18) {
      sample("hits", Binomial(atBats, probs: chance), observed: hits)
    }
  }

  /// Chances from a common beta distribution, of unknown mean and concentration.
  public static func partialPooling() {
    let mean = sample("mean", Uniform(0, 1))
    let concentration = sample("concentration", Pareto(1, 1.5))
    plate("players", 18) {
      let chance = sample("chance", BetaProportion(mean, concentration))
      sample("hits", Binomial(atBats, probs: chance), observed: hits)
    }
  }

  /// Log odds from a common normal distribution, of unknown mean and spread.
  public static func partialPoolingOfLogits() {
    let mu = sample("mu", Normal(-1, 1))
    let tau = sample("tau", HalfCauchy(1))
    plate("players", 18) {
      let logit = sample("logit", Normal(mu, tau))
      deterministic("chance", sigmoid(logit))
      sample("hits", Binomial(atBats, logits: logit), observed: hits)
    }
  }
}
