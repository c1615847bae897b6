import Distributions

extension DistributionCase {
  /// Distributions over intervals, and truncated and censored ones.
  static let bounded: [DistributionCase] = []
}
