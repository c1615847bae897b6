import Distributions

extension DistributionCase {
  /// Distributions over the real numbers.
  static let realLine: [DistributionCase] = []
}
