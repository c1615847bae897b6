import Distributions

extension DistributionCase {
  /// Distributions over whole numbers.
  static let counts: [DistributionCase] = []
}
