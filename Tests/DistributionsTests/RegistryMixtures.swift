import Distributions

extension DistributionCase {
  /// Mixtures and other wrappers.
  static let mixtures: [DistributionCase] = []
}
