import CGSL
import Distributions
import TestSupport

/// One way of making a distribution of numbers, and what is known about it from elsewhere; the laws
/// are checked on all of them.
struct DistributionCase: Sendable, CustomStringConvertible {
  typealias Function = @Sendable (_ x: Double, _ parameters: [Double]) -> Double
  typealias Sampler =
    @Sendable (_ generator: UnsafeMutablePointer<gsl_rng>, _ parameters: [Double]) -> Double

  let name: String
  /// Where draws of the parameters come from.
  let ranges: [ClosedRange<Double>]
  let support: Support
  let make: @Sendable ([Tensor]) -> any Distribution
  /// The density or mass inside the support; 0, or anything, outside.
  let density: Function
  let cdf: Function
  /// The inverse of `cdf`.
  let quantile: Function
  /// The indices of parameters that are whole numbers.
  var wholeParameters: Set<Int> = []
  /// Whether a draw is a differentiable function of the parameters.
  var isReparameterized = true
  /// Whether Tests/Golden/distributions/<goldenName>.json has values made by mpmath and SciPy.
  var hasGolden = true
  /// GSL's own sampler.
  var sampler: Sampler?
  /// How a draw follows its parameters.
  var noise = Noise.single
  /// The relative accuracy of `density`, `cdf` and `quantile`.
  var accuracy = 1e-11
  /// Whether a violation by a literal parameter is the distribution's own to report.
  var checksParameters = true

  enum Noise: Sendable {
    /// A smooth monotone function of one random number: its derivative is that of the draw at fixed
    /// probability, and can be seen by finite differences at a fixed key.
    case single
    /// A smooth function of several random numbers: finite differences at a fixed key only.
    case several
    /// Drawn in any way, differentiated at fixed probability, once.
    case implicit
  }

  enum Support: Sendable, Equatable {
    case real, positive, nonNegative, unitInterval, boolean
    /// Whole numbers, without an end if `to` is nil.
    case integers(from: Int, to: Int?)
    /// The numbers between two ends that the parameters with these indices are; nil is no end.
    case between(Int?, Int?)
    /// Whole numbers between two ends that are parameters.
    case integersBetween(Int, Int)
    /// Whole numbers up to an end that is a parameter.
    case integersUpTo(from: Int, Int)
    /// Numbers between constants.
    case interval(Double, Double)

    /// The least and the greatest value.
    func bounds(_ parameters: [Double]) -> (lower: Double, upper: Double) {
      switch self {
      case .real: (-.infinity, .infinity)
      case .positive, .nonNegative: (0, .infinity)
      case .unitInterval, .boolean: (0, 1)
      case .integers(let lower, let upper): (Double(lower), upper.map { Double($0) } ?? .infinity)
      case .between(let lower, let upper):
        (lower.map { parameters[$0] } ?? -.infinity, upper.map { parameters[$0] } ?? .infinity)
      case .integersBetween(let lower, let upper): (parameters[lower], parameters[upper])
      case .integersUpTo(let lower, let upper): (Double(lower), parameters[upper])
      case .interval(let lower, let upper): (lower, upper)
      }
    }

    var isDiscrete: Bool {
      switch self {
      case .boolean, .integers, .integersBetween, .integersUpTo: true
      default: false
      }
    }

    /// The finite ends: the density there may be anything but NaN.
    func edges(_ parameters: [Double]) -> [Double] {
      let (lower, upper) = bounds(parameters)
      return [lower, upper].filter(\.isFinite)
    }

    /// Points outside of it, and none of its edges.
    func outside(_ parameters: [Double]) -> [Double] {
      let (lower, upper) = bounds(parameters)
      var points = [Double.infinity, -.infinity]
      if lower.isFinite {
        points += [lower - 1, lower.nextDown, lower - 1e3]
        if isDiscrete && lower < upper { points += [lower + 0.5, lower.nextUp] }
      }
      if upper.isFinite { points += [upper + 1, upper.nextUp, 2 * upper.magnitude + 1e3] }
      if isDiscrete { points += [0.5, 1 + 0x1p-40] }
      return points
    }
  }

  var description: String { name }
  var isDiscrete: Bool { support.isDiscrete }

  /// The name with every word capitalised and joined: "Bernoulli(probs:)" is BernoulliProbs.
  var goldenName: String {
    name.split { !($0.isLetter || $0.isNumber || $0 == "-") }
      .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
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

  /// The parameters that may vary continuously.
  var smoothParameters: [Int] { ranges.indices.filter { !wholeParameters.contains($0) } }

  /// The distribution as a function of the parameters that may vary continuously.
  func make(varying tensors: [Tensor], of parameters: [Double]) -> any Distribution {
    var all = parameters.map { Tensor($0) }
    for (tensor, index) in zip(tensors, smoothParameters) { all[index] = tensor }
    return make(all)
  }

  /// Points in the support: quantiles of the given probabilities.
  func points(
    _ parameters: [Double],
    probabilities: [Double] = [1e-9, 1e-4, 0.02, 0.2, 0.5, 0.75, 0.95, 0.9999, 1 - 1e-9]
  ) -> [Double] {
    if support == .boolean { return [0, 1] }
    let points = probabilities.map { quantile($0, parameters) }
    return isDiscrete ? Set(points).sorted() : points
  }
}
