import Distributions

extension DistributionCase {
  /// Distributions over the positive numbers.
  static let positive: [DistributionCase] = []
}
