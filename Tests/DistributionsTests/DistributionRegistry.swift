import Distributions
import TestSupport

/// One way of making a distribution of numbers, and what is known about it from elsewhere; the laws
/// are checked on all of them.
struct DistributionCase: Sendable, CustomStringConvertible {
  typealias Function = @Sendable (_ x: Double, _ parameters: [Double]) -> Double

  let name: String
  /// Where draws of the parameters come from.
  let ranges: [ClosedRange<Double>]
  let support: Support
  let make: @Sendable ([Tensor]) -> any Distribution
  /// The density or mass.
  let density: Function
  let cdf: Function
  /// The inverse of `cdf`.
  let quantile: Function
  /// The indices of parameters that are whole numbers.
  var wholeParameters: Set<Int> = []
  /// Whether a draw is a differentiable function of the parameters.
  var isReparameterized = true
  /// Whether Tests/Golden/distributions/<name>.json has values made by mpmath and SciPy.
  var hasGolden = true

  enum Support: Sendable, Equatable {
    case real, positive, nonNegative, unitInterval, boolean
    /// Whole numbers, without an end if `to` is nil.
    case integers(from: Int, to: Int?)

    /// Points outside of it.
    var outside: [Double] {
      switch self {
      case .real: [.infinity, -.infinity]
      case .positive: [0, -0.0, -1e-300, -1, .infinity, -.infinity]
      case .nonNegative: [-.leastNonzeroMagnitude, -1e-300, -1, -1e100, .infinity, -.infinity]
      case .unitInterval: [0, 1, -1e-9, 1 + 1e-9, 2, -5, .infinity, -.infinity]
      case .boolean: [-1, 0.5, 1 + 0x1p-52, 2, .infinity, -.infinity]
      case .integers(let lower, let upper):
        [Double(lower) - 1, Double(lower) + 0.5, .infinity, -.infinity]
          + (upper.map { [Double($0) + 1] } ?? [])
      }
    }

    /// A map from an open interval onto it, with its derivative.
    var chart: (interval: ClosedRange<Double>, point: @Sendable (Double) -> (Double, Double)) {
      switch self {
      case .real:
        (-1...1, { t in (t / (1 - t * t), (1 + t * t) / ((1 - t * t) * (1 - t * t))) })
      case .positive, .nonNegative: (0...1, { t in (t / (1 - t), 1 / ((1 - t) * (1 - t))) })
      case .unitInterval, .boolean, .integers: (0...1, { t in (t, 1) })
      }
    }
  }

  var description: String { name }
  var isDiscrete: Bool {
    switch support {
    case .boolean, .integers: true
    default: false
    }
  }

  /// Parameters to try, the same at every run.
  func draws(_ count: Int) -> [[Double]] {
    var generator = SeededGenerator(seed: name.utf8.reduce(7) { 31 &* $0 &+ Int($1) } & 0xFFFF)
    return (0..<count).map { _ in
      ranges.enumerated().map { index, range in
        let value = generator.uniform(1, in: range)[0]
        return wholeParameters.contains(index) ? value.rounded() : value
      }
    }
  }

  func distribution(_ parameters: [Double], dtype: DType = .float64) -> any Distribution {
    make(parameters.map { Tensor($0, dtype: dtype) })
  }

  /// Points in the support: quantiles of the given probabilities, or all values.
  func points(
    _ parameters: [Double],
    probabilities: [Double] = [1e-9, 1e-4, 0.02, 0.2, 0.5, 0.75, 0.95, 0.9999, 1 - 1e-9]
  ) -> [Double] {
    support == .boolean ? [0, 1] : probabilities.map { quantile($0, parameters) }
  }
}

extension DistributionCase {
  static let all = basic + realLine + positive + bounded + counts + mixtures
  static let continuous = all.filter { !$0.isDiscrete }
  static let discrete = all.filter(\.isDiscrete)

  static let basic = [
    normal, halfCauchy, logNormal, bernoulliProbs, bernoulliLogits, affineNormal, expNormal,
    sigmoidNormal,
  ]

  static let normal = DistributionCase(
    name: "Normal", ranges: [-3...3, 0.2...4], support: .real,
    make: { Normal($0[0], $0[1]) },
    density: { GSL.normalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.normalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.normalQuantile($0, $1[0], $1[1]) })

  static let halfCauchy = DistributionCase(
    name: "HalfCauchy", ranges: [0.1...10], support: .nonNegative,
    make: { HalfCauchy($0[0]) },
    density: { GSL.halfCauchyDensity($0, $1[0]) },
    cdf: { GSL.halfCauchyCDF($0, $1[0]) },
    quantile: { GSL.halfCauchyQuantile($0, $1[0]) })

  static let logNormal = DistributionCase(
    name: "LogNormal", ranges: [-1...1, 0.2...0.5], support: .positive,
    make: { LogNormal($0[0], $0[1]) },
    density: { GSL.logNormalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.logNormalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.logNormalQuantile($0, $1[0], $1[1]) })

  static let bernoulliProbs = DistributionCase(
    name: "Bernoulli(probs:)", ranges: [0.02...0.98], support: .boolean,
    make: { Bernoulli(probs: $0[0]) },
    density: { GSL.bernoulliMass(Int($0), $1[0]) },
    cdf: { $0 < 0 ? 0 : $0 < 1 ? 1 - $1[0] : 1 },
    quantile: { $0 <= 1 - $1[0] ? 0 : 1 })

  static let bernoulliLogits = DistributionCase(
    name: "Bernoulli(logits:)", ranges: [-4...4], support: .boolean,
    make: { Bernoulli(logits: $0[0]) },
    density: { GSL.bernoulliMass(Int($0), logistic($1[0])) },
    cdf: { $0 < 0 ? 0 : $0 < 1 ? logistic(-$1[0]) : 1 },
    quantile: { $0 <= logistic(-$1[0]) ? 0 : 1 })

  static let affineNormal = DistributionCase(
    name: "Normal → Affine", ranges: [-1...1, 0.5...2, -3...3, -2...(-0.3)], support: .real,
    make: { TransformedDistribution(Normal($0[0], $0[1]), [Affine(shift: $0[2], scale: $0[3])]) },
    density: { GSL.normalDensity($0, $1[2] + $1[3] * $1[0], -$1[3] * $1[1]) },
    cdf: { GSL.normalCDF($0, $1[2] + $1[3] * $1[0], -$1[3] * $1[1]) },
    quantile: { GSL.normalQuantile($0, $1[2] + $1[3] * $1[0], -$1[3] * $1[1]) })

  static let expNormal = DistributionCase(
    name: "Normal → Exp", ranges: [-1...1, 0.2...0.5], support: .positive,
    make: { TransformedDistribution(Normal($0[0], $0[1]), [Exp()]) },
    density: { GSL.logNormalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.logNormalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.logNormalQuantile($0, $1[0], $1[1]) })

  static let sigmoidNormal = DistributionCase(
    name: "Normal → Affine → Sigmoid", ranges: [-1...1, 0.3...1], support: .unitInterval,
    make: {
      TransformedDistribution(Normal(0, 1), [Affine(shift: $0[0], scale: $0[1]), Sigmoid()])
    },
    density: { GSL.normalDensity(logOdds($0), $1[0], $1[1]) / ($0 * (1 - $0)) },
    cdf: { GSL.normalCDF(logOdds($0), $1[0], $1[1]) },
    quantile: { logistic(GSL.normalQuantile($0, $1[0], $1[1])) })
}
