import TestSupport

@testable import Tensors

extension Registry {
  private static func smooth(
    _ name: String, _ samples: [Sample], order: Int = 2,
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) -> OperationCase {
    OperationCase(name, samples, order: order) { [function($0)] }
  }

  private static func steps(
    _ name: String, _ samples: [Sample], _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) -> OperationCase {
    OperationCase(name, samples, order: 0) { [stopGradient(function($0))] }
  }

  private static let positive = Sample.real([2, 3], 0.5...9)
  private static let chance = Sample.real([3], 0.2...0.8)
  private static let logits = Sample.real([3], -2...2)

  static let counts: [OperationCase] = [
    smooth("poissonLogMass", [positive, .real([3], 0.5...20)]) {
      poissonLogMass($0[0], rate: $0[1])
    },
    smooth("poissonEntropy", [positive], order: 1) { poissonEntropy(rate: $0[0]) },
    smooth("negativeBinomialEntropy", [positive, logits], order: 1) {
      negativeBinomialEntropy($0[0], logits: $0[1])
    },
    smooth("binomialLogMass", [positive, .real([3], 0.5...20), chance]) {
      binomialLogMass($0[0], $0[1], probs: $0[2])
    },
    smooth("binomialLogitsLogMass", [positive, .real([3], 0.5...20), logits]) {
      binomialLogMass($0[0], $0[1], logits: $0[2])
    },
    smooth("logGammaCross", [positive, .real([3], 0.5...20), .real([3], 1...30)]) {
      logGammaCross($0[0], $0[1], $0[2])
    },
    smooth("digammaRise", [.real([2, 3], 0.5...40), .real([3], 1...30)]) {
      digammaRise($0[0], $0[1])
    },
    smooth("betaincOfComplement", [positive, .real([3], 0.5...5), chance], order: 1) {
      betainc($0[0], $0[1], complementOf: $0[2])
    },
    smooth("betaincOfLogits", [positive, .real([3], 0.5...5), logits], order: 1) {
      betainc($0[0], $0[1], complementOfLogits: $0[2])
    },
    steps("poissonQuantile", [chance, positive]) { poissonQuantile($0[0], rate: $0[1]) },
    steps("binomialQuantile", [chance, chance]) { binomialQuantile($0[0], 40, probs: $0[1]) },
    steps("binomialLogitsQuantile", [chance, logits]) {
      binomialQuantile($0[0], 40, logits: $0[1])
    },
    steps("negativeBinomialQuantile", [chance, positive, chance]) {
      negativeBinomialQuantile($0[0], $0[1], probs: $0[2])
    },
    steps("negativeBinomialLogitsQuantile", [chance, positive, logits]) {
      negativeBinomialQuantile($0[0], $0[1], logits: $0[2])
    },
  ]
}
