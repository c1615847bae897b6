import CGSL
import Foundation

extension GSL {
  /// gsl_vector and gsl_matrix, whose headers CGSL keeps out.
  private struct Vector {
    var size: Int
    var stride = 1
    var data: UnsafeMutablePointer<Double>
    var block: UnsafeMutableRawPointer?
    var owner: Int32 = 0
  }

  private struct Matrix {
    var size1: Int
    var size2: Int
    var tda: Int
    var data: UnsafeMutablePointer<Double>
    var block: UnsafeMutableRawPointer?
    var owner: Int32 = 0
  }

  private typealias Pointer = UnsafeMutableRawPointer
  private typealias NormalLogDensity =
    @convention(c) (
      _ x: Pointer, _ mu: Pointer, _ l: Pointer, UnsafeMutablePointer<Double>, _ work: Pointer
    ) -> Int32
  private typealias WishartLogDensity =
    @convention(c) (
      _ x: Pointer, _ lx: Pointer, Double, _ l: Pointer, UnsafeMutablePointer<Double>,
      _ work: Pointer
    ) -> Int32

  private static let normalLogDensity = symbol(
    "gsl_ran_multivariate_gaussian_log_pdf", NormalLogDensity.self)
  private static let wishartLogDensity = symbol("gsl_ran_wishart_log_pdf", WishartLogDensity.self)

  private static func withVector<R>(_ x: [Double], _ body: (Pointer) -> R) -> R {
    var elements = x
    return elements.withUnsafeMutableBufferPointer { buffer in
      guard let data = buffer.baseAddress else { fatalError("an empty vector") }
      var vector = Vector(size: buffer.count, data: data, block: nil)
      return withUnsafeMutablePointer(to: &vector) { body(Pointer($0)) }
    }
  }

  private static func withMatrix<R>(_ x: [Double], _ n: Int, _ body: (Pointer) -> R) -> R {
    var elements = x
    return elements.withUnsafeMutableBufferPointer { buffer in
      guard let data = buffer.baseAddress else { fatalError("an empty matrix") }
      var matrix = Matrix(size1: n, size2: n, tda: n, data: data, block: nil)
      return withUnsafeMutablePointer(to: &matrix) { body(Pointer($0)) }
    }
  }

  /// The log density of a normal vector whose covariance has the lower Cholesky factor `l`.
  static func multivariateNormalLogDensity(
    _ x: [Double], _ loc: [Double], _ l: [Double]
  ) -> Double {
    var result = Double.nan
    let work = [Double](repeating: 0, count: x.count)
    _ = withVector(x) { x in
      withVector(loc) { loc in
        withMatrix(l, work.count) { l in
          withVector(work) { normalLogDensity(x, loc, l, &result, $0) }
        }
      }
    }
    return result
  }

  /// The log density of a Wishart matrix C Cᵀ, C the `factor`.
  ///
  /// GSL 2.7 divides by Γ_d((df + 1)/2) where it should by Γ_d(df/2), as SciPy does; its result is
  /// corrected for that, and tests the rest of the density.
  static func wishartLogDensity(
    factor: [Double], _ df: Double, scale: [Double], _ n: Int
  ) -> Double {
    var product = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        for k in 0..<n { product[i * n + j] += factor[i * n + k] * factor[j * n + k] }
      }
    }
    var result = Double.nan
    _ = withMatrix(product, n) { x in
      withMatrix(factor, n) { factor in
        withMatrix(scale, n) { scale in
          withMatrix(product, n) { wishartLogDensity(x, factor, df, scale, &result, $0) }
        }
      }
    }
    return (0..<n).reduce(result) { sum, i in
      sum + lgamma((df - Double(i) + 1) / 2) - lgamma((df - Double(i)) / 2)
    }
  }
}
