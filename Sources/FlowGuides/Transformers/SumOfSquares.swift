import Foundation
public import PPL

/// x ↦ c + ∫₀ˣ (1/K) Σᵢ (1 + Σⱼ aᵢⱼ (u / bound)ʲ)² + 1/1000 du, j from 0 to a degree (Jaini et al.
/// 2019), on [−bound, bound]; outside it goes on along its tangents. Parameters: a, polynomial by
/// polynomial, and c.
public struct SumOfSquares: TangentTails {
  public let bound: Double
  private let polynomials: Int
  private let degree: Int

  /// - Parameters:
  ///   - polynomials: how many squares are summed; positive.
  ///   - degree: of each polynomial.
  ///   - bound: where the interval ends; positive.
  public init(polynomials: Int = 3, degree: Int = 4, bound: Double = 10) {
    precondition(
      polynomials > 0 && degree >= 0 && bound > 0,
      "SumOfSquares: \(polynomials) polynomials of degree \(degree) to ±\(bound)")
    self.polynomials = polynomials
    self.degree = degree
    self.bound = bound
  }

  public var start: [Double] {
    let unit = [sqrt(0.999) - 1] + [Double](repeating: 0, count: degree)
    return (0..<polynomials).flatMap { _ in unit } + [0]
  }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let u = x / bound
    var squares: [Tensor?] = Array(repeating: nil, count: 2 * degree + 1)
    var slope = Tensor(1e-3 * Double(polynomials), dtype: x.dtype)
    for polynomial in 0..<polynomials {
      var a = Array(parameters[polynomial * (degree + 1)..<(polynomial + 1) * (degree + 1)])
      a[0] = 1 + a[0]
      let value = horner(a, u)
      slope = slope + value * value
      for i in a.indices {
        for j in i..<a.count {
          let product = i == j ? a[i] * a[j] : 2 * a[i] * a[j]
          squares[i + j] = squares[i + j].map { $0 + product } ?? product
        }
      }
    }
    let count = Double(polynomials)
    let integral = squares.enumerated().compactMap { power, coefficient in
      coefficient.map { $0 / (count * Double(power + 1)) }
    }
    let y = parameters[polynomials * (degree + 1)] + x * (1e-3 + horner(integral, u))
    return (y, log(slope / count))
  }

  private func horner(_ coefficients: [Tensor], _ u: Tensor) -> Tensor {
    coefficients.dropLast().reversed().reduce(coefficients[coefficients.count - 1]) { $0 * u + $1 }
  }
}
