public import Distributions

/// How inference is to treat a sample site: what Pyro passes as `infer={…}`.
public struct InferConfig: Sendable {
  /// How the values of a discrete site are summed over.
  public enum Enumeration: Sendable {
    /// All at once, along a batch axis of its own.
    case parallel
    /// One after the other: the guide runs once per value.
    case sequential
  }

  /// A prediction of a site's downstream cost, subtracted from it in score-function gradients.
  public enum Baseline: Sendable {
    /// A running average with the weight `beta` on the past.
    case decayingAverage(beta: Double = 0.9)
    /// Any value computed before the site is drawn, of the shape of the site's log density; the
    /// parameters it is computed from are fitted to the cost.
    case value(Tensor)
  }

  public var enumeration: Enumeration?
  public var baseline: Baseline?
  /// A site that the guide draws for its own use, without a counterpart in the model.
  public var isAuxiliary = false
  /// Takes the site's gradient by the score function even where its draws are reparameterised.
  public var usesScoreFunction = false

  public init() {}

  /// The site is summed over all values.
  public static func enumerate(_ how: Enumeration = .parallel) -> InferConfig {
    var config = InferConfig()
    config.enumeration = how
    return config
  }

  /// A site of the guide alone.
  public static var auxiliary: InferConfig {
    var config = InferConfig()
    config.isAuxiliary = true
    return config
  }

  /// A score-function gradient with a baseline.
  public static func baseline(_ baseline: Baseline) -> InferConfig {
    var config = InferConfig.scoreFunction
    config.baseline = baseline
    return config
  }

  /// A score-function gradient.
  public static var scoreFunction: InferConfig {
    var config = InferConfig()
    config.usesScoreFunction = true
    return config
  }
}
