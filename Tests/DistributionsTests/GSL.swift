import CGSL
import Foundation

/// Numbers that GSL computes independently of this library. Each family of distributions adds its
/// own functions in GSL+<Family>.swift.
enum GSL {
  /// GSL aborts the process on errors otherwise.
  static let isReady: Bool = {
    gsl_set_error_handler_off()
    return true
  }()

  // gsl_randist.h pulls in gsl_vector, which CGSL keeps out; the functions are in the library.
  typealias Generator = UnsafeMutablePointer<gsl_rng>
  typealias Density1 = @convention(c) (_ x: Double, Double) -> Double
  typealias Density2 = @convention(c) (_ x: Double, Double, Double) -> Double
  typealias Density3 = @convention(c) (_ x: Double, Double, Double, Double) -> Double
  typealias Mass1 = @convention(c) (_ k: UInt32, Double) -> Double
  typealias Mass2 = @convention(c) (_ k: UInt32, Double, Double) -> Double
  typealias Draw1 = @convention(c) (Generator, Double) -> Double
  typealias Draw2 = @convention(c) (Generator, Double, Double) -> Double
  typealias Count1 = @convention(c) (Generator, Double) -> UInt32
  typealias Count2 = @convention(c) (Generator, Double, Double) -> UInt32

  /// A function of GSL by name.
  static func symbol<Function>(_ name: String, _ type: Function.Type) -> Function {
    precondition(isReady)
    guard let address = dlsym(dlopen(nil, RTLD_NOW), name) else { fatalError("no \(name) in GSL") }
    return unsafeBitCast(address, to: type)
  }

  // MARK: Densities and draws

  private static let gaussian = symbol("gsl_ran_gaussian_pdf", Density1.self)
  private static let cauchy = symbol("gsl_ran_cauchy_pdf", Density1.self)
  private static let logNormal = symbol("gsl_ran_lognormal_pdf", Density2.self)
  private static let bernoulli = symbol("gsl_ran_bernoulli_pdf", Mass1.self)
  static let gaussianDraw = symbol("gsl_ran_gaussian_ziggurat", Draw1.self)
  static let cauchyDraw = symbol("gsl_ran_cauchy", Draw1.self)
  static let logNormalDraw = symbol("gsl_ran_lognormal", Draw2.self)
  private static let bernoulliCount = symbol("gsl_ran_bernoulli", Count1.self)

  static func normalDensity(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    gaussian(x - loc, scale)
  }
  static func halfCauchyDensity(_ x: Double, _ scale: Double) -> Double { 2 * cauchy(x, scale) }
  static func logNormalDensity(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    logNormal(x, loc, scale)
  }
  static func bernoulliMass(_ x: Int, _ p: Double) -> Double { bernoulli(UInt32(x), p) }
  static func bernoulliDraw(_ generator: Generator, _ p: Double) -> Double {
    Double(bernoulliCount(generator, p))
  }

  // MARK: Distribution functions

  static func normalCDF(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    gsl_cdf_gaussian_P(x - loc, scale)
  }
  static func normalQuantile(_ p: Double, _ loc: Double, _ scale: Double) -> Double {
    loc + gsl_cdf_gaussian_Pinv(p, scale)
  }
  /// Not by GSL's function of the two-sided distribution, which cancels near 0.
  static func halfCauchyCDF(_ x: Double, _ scale: Double) -> Double {
    x <= 0 ? 0 : 2 / Double.pi * atan(x / scale)
  }
  static func halfCauchyQuantile(_ p: Double, _ scale: Double) -> Double {
    p > 0.5 ? scale / tan(Double.pi / 2 * (1 - p)) : scale * tan(Double.pi / 2 * p)
  }
  static func logNormalCDF(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    x <= 0 ? 0 : gsl_cdf_lognormal_P(x, loc, scale)
  }
  static func logNormalQuantile(_ p: Double, _ loc: Double, _ scale: Double) -> Double {
    gsl_cdf_lognormal_Pinv(p, loc, scale)
  }

  /// p such that a correct sampler exceeds χ² with probability p.
  static func chiSquareTail(_ chiSquare: Double, _ degrees: Int) -> Double {
    gsl_cdf_chisq_Q(chiSquare, Double(degrees))
  }

  /// A quantile of a positive variable that GSL has to a few digits less than its distribution
  /// function: some steps of Newton's with the excess of that function over the probability, and
  /// the density.
  static func polished(
    _ start: Double, _ excess: (Double) -> Double, _ density: (Double) -> Double
  ) -> Double {
    (0..<5).reduce(start) { x, _ in
      let step = excess(x) / density(x)
      return step.magnitude < 0.5 * x ? x - step : x
    }
  }

  // MARK: Reference generators

  enum Engine: String, CaseIterable, Sendable {
    /// The Mersenne twister, and the second luxury level of RANLUX in double precision.
    case mt19937, ranlxd2

    /// A global variable of GSL's, which Swift takes for one that may change.
    fileprivate var type: UnsafePointer<gsl_rng_type>? {
      dlsym(dlopen(nil, RTLD_NOW), "gsl_rng_" + rawValue)?
        .load(as: UnsafePointer<gsl_rng_type>?.self)
    }
  }

  /// What a sampler draws from a generator of GSL's.
  static func draws(
    _ count: Int, by engine: Engine, seed: Int, _ sampler: (Generator) -> Double
  ) -> [Double] {
    precondition(isReady)
    guard let type = engine.type, let generator = gsl_rng_alloc(type) else {
      fatalError("no generator \(engine)")
    }
    defer { gsl_rng_free(generator) }
    gsl_rng_set(generator, UInt(seed))
    return (0..<count).map { _ in sampler(generator) }
  }

  // MARK: Quadrature

  /// The nodes and weights of Gauss–Legendre quadrature over [0, 1].
  static func gaussLegendre(_ count: Int) -> [(node: Double, weight: Double)] {
    guard let table = gsl_integration_glfixed_table_alloc(count) else { fatalError("no memory") }
    defer { gsl_integration_glfixed_table_free(table) }
    return (0..<count).map { index in
      var (node, weight) = (0.0, 0.0)
      gsl_integration_glfixed_point(0, 1, index, &node, &weight, table)
      return (node, weight)
    }
  }
}
