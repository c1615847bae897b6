import TestSupport

@testable import Tensors

extension Registry {
  private static func special(
    _ name: String, _ samples: [Sample], order: Int = 2,
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) -> OperationCase {
    OperationCase(name, samples, order: order) { [function($0)] }
  }

  private static func unary(
    _ name: String, _ interval: ClosedRange<Double>,
    _ function: @escaping @Sendable (Tensor) -> Tensor
  ) -> OperationCase {
    OperationCase(name, .real([2, 3], interval)) { [function($0[0])] }
  }

  static let special: [OperationCase] = gammas + quantiles + normals + bessels

  private static let gammas: [OperationCase] = [
    unary("digamma", 0.4...4) { digamma($0) },
    unary("trigamma", 0.4...4) { trigamma($0) },
    unary("polygamma", 0.6...4) { polygamma(3, $0) },
    special("zeta", [.real([2, 3], 0.5...3)]) { zeta(2.5, $0[0]) },
    special("lbeta", [.real([2, 3], 0.4...3), .real([3], 0.4...3)]) { lbeta($0[0], $0[1]) },
    // Twice differentiable by x alone.
    special("gammainc", [.real([2, 3], 0.5...3), .real([3], 0.4...4)], order: 1) {
      gammainc($0[0], $0[1])
    },
    special("gammaincc", [.real([3], 0.5...3), .real([2, 3], 0.4...4)], order: 1) {
      gammaincc($0[0], $0[1])
    },
    special("gammainc by x", [.real([2, 3], 0.4...4)]) { gammainc(1.7, $0[0]) },
    special("gammaincc by x", [.real([2, 3], 0.4...4)]) { gammaincc(1.7, $0[0]) },
    special("logGammaDrawSlope", [.real([3], 0.5...3), .real([2, 1], -3...1)], order: 0) {
      stopGradient(logGammaDrawSlope($0[0], $0[1]))
    },
    special(
      "betainc", [.real([3], 0.5...3), .real([2, 1], 0.5...3), .real([3], 0.2...0.8)], order: 1
    ) {
      betainc($0[0], $0[1], $0[2])
    },
    special("betainc by x", [.real([2, 3], 0.2...0.8)]) { betainc(1.7, 2.5, $0[0]) },
    special(
      "betaLogitSlopes", [.real([3], 0.5...3), .real([2, 1], 0.5...3), .real([3], -2...2)], order: 0
    ) { x in
      let slopes = betaLogitSlopes(x[0], x[1], x[2])
      return stopGradient(slopes.a + 2 * slopes.b)
    },
  ]

  private static let quantiles: [OperationCase] = [
    special("gammaincInverse", [.real([3], 0.5...3), .real([3], 0.1...0.9)], order: 1) {
      gammaincInverse($0[0], $0[1])
    },
    special("gammaincInverse by p", [.real([2, 3], 0.1...0.9)]) { gammaincInverse(1.7, $0[0]) },
    special("gammainccInverse", [.real([3], 0.5...3), .real([3], 0.1...0.9)], order: 1) {
      gammainccInverse($0[0], $0[1])
    },
    special(
      "betaincInverse", [.real([3], 0.5...3), .real([2, 1], 0.5...3), .real([3], 0.1...0.9)],
      order: 1
    ) { betaincInverse($0[0], $0[1], $0[2]) },
    special(
      "betaLogitInverse", [.real([3], 0.5...3), .real([2, 1], 0.5...3), .real([3], 0.1...0.9)],
      order: 1
    ) { betaLogitInverse($0[0], $0[1], $0[2]) },
    special(
      "betaincOfLogit", [.real([3], 0.5...3), .real([2, 1], 0.5...3), .real([3], -2...2)], order: 1
    ) { betaincOfLogit($0[0], $0[1], $0[2]) },
    special("betaincOfLogit by logit", [.real([2, 3], -2...2)]) { betaincOfLogit(1.7, 2.5, $0[0]) },
    special("tiltedUniformQuantile", [.signed([3]), .real([3], 0.1...0.9)]) {
      continuousBernoulliQuantile($0[0], $0[1])
    },
    unary("logRadialMoment", -4...4) { logRadialMoment(order: 2, $0) },
    unary("confluent", 0.1...5) { confluent(0.5, 2.5, $0) },
    unary("logExpm1Ratio", -3...3) { logExpm1Ratio($0) },
    special("logExpm1RatioSlope", [.real([2, 3], -3...3)], order: 2) { logExpm1RatioSlope($0[0]) },
    special("logExpm1RatioBend", [.real([2, 3], -3...3)], order: 1) { logExpm1RatioBend($0[0]) },
    unary("logGammaSpread", -0.2...2) { logGammaSpread($0) },
  ]

  private static let normals: [OperationCase] = [
    unary("erfcx", -2...3) { erfcx($0) },
    unary("logErfc", -2...4) { logErfc($0) },
    unary("logNormalCDF", -6...3) { logNormalCDF($0) },
    unary("normalQuantileOfLog", -8 ... -0.1) { normalQuantileOfLog($0) },
    special("logNormalInterval", [.real([2, 3], -3...0), .real([3], 0.5...3)]) {
      logNormalInterval($0[0], $0[1])
    },
    special("logNormalWindow", [.real([2, 3], -3...3), .real([3], 0.5...3)]) {
      logNormalWindow($0[0], $0[1])
    },
    special(
      "truncatedNormalQuantile",
      [.real([3], -3...0), .real([2, 1], 0.5...3), .real([3], 0.1...0.9)]
    ) { truncatedNormalQuantile($0[0], $0[1], $0[2]) },
    special("truncatedNormalMoments", [.real([2, 3], -3...0), .real([3], 0.5...3)]) {
      let moments = truncatedNormalMoments($0[0], $0[1])
      return moments.mean * moments.variance
    },
    unary("erfInverse", -0.8...0.8) { erfInverse($0) },
    unary("erfcInverse", 0.2...1.8) { erfcInverse($0) },
    unary("normalQuantile", 0.1...0.9) { normalQuantile($0) },
    unary("logit", 0.1...0.9) { logit($0) },
    special("xlogy", [.real([2, 3]), .real([3], 0.4...3)]) { xlogy($0[0], $0[1]) },
    special("xlog1py", [.real([2, 3]), .real([3], -0.4...3)]) { xlog1py($0[0], $0[1]) },
  ]

  private static let bessels: [OperationCase] = [
    unary("besselJ0", -4...4) { besselJ0($0) },
    unary("besselJ1", 0.5...4) { besselJ1($0) },
    unary("besselY0", 0.5...4) { besselY0($0) },
    unary("besselY1", 0.5...4) { besselY1($0) },
    unary("besselI0", -3...3) { besselI0($0) },
    unary("besselI1", 0.5...3) { besselI1($0) },
    unary("besselK0", 0.5...3) { besselK0($0) },
    unary("besselK1", 0.5...3) { besselK1($0) },
    unary("besselI0e", 0.3...3) { besselI0e($0) },
    unary("besselI1e", -3...(-0.5)) { besselI1e($0) },
    unary("besselK0e", 0.5...3) { besselK0e($0) },
    unary("besselK1e", 0.5...3) { besselK1e($0) },
    unary("besselI", -3...3) { besselI(order: 2, $0) },
    unary("besselIe", 0.5...3) { besselI(order: 3, $0, scaled: true) },
    unary("logBesselI0", -4...4) { logBesselI0($0) },
    unary("lambertW", -0.25...3) { lambertW($0) },
    unary("expi", 0.2...5) { expi($0) },
    unary("exp1", 0.2...5) { exp1($0) },
  ]
}
