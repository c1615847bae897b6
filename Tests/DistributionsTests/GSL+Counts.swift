import CGSL
import Foundation

/// Masses, distribution functions and draws of counts.
extension GSL {
  typealias CountMass = @convention(c) (_ k: UInt32, _ p: Double, _ n: UInt32) -> Double
  typealias CountDraw = @convention(c) (Generator, _ p: Double, _ n: UInt32) -> UInt32

  private static let binomial = symbol("gsl_ran_binomial_pdf", CountMass.self)
  private static let poisson = symbol("gsl_ran_poisson_pdf", Mass1.self)
  private static let geometric = symbol("gsl_ran_geometric_pdf", Mass1.self)
  private static let negativeBinomial = symbol("gsl_ran_negative_binomial_pdf", Mass2.self)
  private static let binomialCount = symbol("gsl_ran_binomial", CountDraw.self)
  private static let poissonCount = symbol("gsl_ran_poisson", Count1.self)
  private static let geometricCount = symbol("gsl_ran_geometric", Count1.self)
  private static let negativeBinomialCount = symbol("gsl_ran_negative_binomial", Count2.self)

  static func binomialMass(_ x: Double, _ n: Double, _ p: Double) -> Double {
    x < 0 ? 0 : binomial(UInt32(x), p, UInt32(n))
  }
  static func poissonMass(_ x: Double, _ rate: Double) -> Double {
    x < 0 ? 0 : poisson(UInt32(x), rate)
  }
  /// GSL counts trials, ours failures.
  static func geometricMass(_ x: Double, _ p: Double) -> Double {
    x < 0 ? 0 : geometric(UInt32(x) + 1, p)
  }
  /// GSL's p is the probability of what is waited for.
  static func negativeBinomialMass(_ x: Double, _ r: Double, _ p: Double) -> Double {
    x < 0 ? 0 : negativeBinomial(UInt32(x), 1 - p, r)
  }

  static func binomialDraw(_ generator: Generator, _ n: Double, _ p: Double) -> Double {
    Double(binomialCount(generator, p, UInt32(n)))
  }
  static func poissonDraw(_ generator: Generator, _ rate: Double) -> Double {
    Double(poissonCount(generator, rate))
  }
  static func geometricDraw(_ generator: Generator, _ p: Double) -> Double {
    Double(geometricCount(generator, p)) - 1
  }
  static func negativeBinomialDraw(_ generator: Generator, _ r: Double, _ p: Double) -> Double {
    Double(negativeBinomialCount(generator, 1 - p, r))
  }

  static func binomialCDF(_ x: Double, _ n: Double, _ p: Double) -> Double {
    x < 0 ? 0 : x >= n ? 1 : gsl_cdf_binomial_P(UInt32(x), p, UInt32(n))
  }
  static func poissonCDF(_ x: Double, _ rate: Double) -> Double {
    x < 0 ? 0 : gsl_cdf_poisson_P(UInt32(x), rate)
  }
  static func geometricCDF(_ x: Double, _ p: Double) -> Double {
    x < 0 ? 0 : gsl_cdf_geometric_P(UInt32(x) + 1, p)
  }
  static func negativeBinomialCDF(_ x: Double, _ r: Double, _ p: Double) -> Double {
    x < 0 ? 0 : gsl_cdf_negative_binomial_P(UInt32(x), 1 - p, r)
  }

  /// The sum of masses from 0 on.
  static func sum(upTo x: Double, _ mass: (Double) -> Double) -> Double {
    x < 0 ? 0 : stride(from: 0, through: x, by: 1).reduce(0) { $0 + mass($1) }
  }

  /// The least whole number of at least `lower` whose distribution function reaches p.
  static func leastCount(
    _ p: Double, from lower: Double = 0, upTo upper: Double = .infinity, _ cdf: (Double) -> Double
  ) -> Double {
    if p >= 1 { return upper }
    var (low, high, step) = (lower - 1, lower, 1.0)
    while high < upper && cdf(high) < p {
      (low, high, step) = (high, Swift.min(high + step, upper), 2 * step)
    }
    while high - low > 1 {
      let middle = floor((low + high) / 2)
      if cdf(middle) < p { low = middle } else { high = middle }
    }
    return high
  }
}

extension GSL {
  private typealias Multinomial =
    @convention(c) (
      Generator, _ size: Int, _ total: UInt32, _ p: UnsafePointer<Double>?,
      _ counts: UnsafeMutablePointer<UInt32>?
    ) -> Void

  /// Rows of counts that GSL draws.
  static func multinomialDraws(_ count: Int, _ total: Int, _ probs: [Double], seed: Int) -> [Double]
  {
    let function = symbol("gsl_ran_multinomial", Multinomial.self)
    var result: [Double] = []
    _ = draws(count, by: .mt19937, seed: seed) { generator in
      var counts = [UInt32](repeating: 0, count: probs.count)
      function(generator, probs.count, UInt32(total), probs, &counts)
      result += counts.map(Double.init)
      return 0
    }
    return result
  }
}
