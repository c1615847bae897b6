import Foundation
public import PPL

/// A polynomial in the Bernstein basis on [−bound, bound] with increasing coefficients (Sick et al.
/// 2020); outside it goes on along its tangents. Parameters: the mean of the first and the last
/// coefficient, and the steps between coefficients, 0 for those of the identity.
public struct BernsteinPolynomial: TangentTails {
  public let bound: Double
  private let degree: Int

  /// - Parameters:
  ///   - degree: of the polynomial; positive.
  ///   - bound: where the interval ends; positive.
  public init(degree: Int = 16, bound: Double = 10) {
    precondition(degree > 0 && bound > 0, "BernsteinPolynomial: degree \(degree) to ±\(bound)")
    self.degree = degree
    self.bound = bound
  }

  /// The step between the coefficients of the identity.
  private var unit: Double { 2 * bound / Double(degree) }

  public var start: [Double] { [Double](repeating: 0, count: degree + 1) }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    // Slopes stay above 1/1000.
    let steps = parameters.dropFirst().map { unit * (1e-3 + 0.999 / log(2) * softplus($0)) }
    let total = steps.dropFirst().reduce(steps[0], +)
    var coefficients = [parameters[0] - total / 2]
    for step in steps { coefficients.append(coefficients[coefficients.count - 1] + step) }
    let (t, s) = ((bound + x) / (2 * bound), (bound - x) / (2 * bound))
    let (y, slope) = (value(coefficients, t, s), value(steps, t, s))
    return (y, log(slope / unit))
  }

  /// Σ cᵢ (n choose i) tⁱ sⁿ⁻ⁱ; all terms of a polynomial with positive coefficients are positive.
  private func value(_ coefficients: [Tensor], _ t: Tensor, _ s: Tensor) -> Tensor {
    let degree = coefficients.count - 1
    var sum = coefficients[0]
    var (power, choices) = (t, 1.0)
    for index in stride(from: 1, through: degree, by: 1) {
      choices *= Double(degree + 1 - index) / Double(index)
      sum = sum * s + choices * coefficients[index] * power
      if index < degree { power = power * t }
    }
    return sum
  }
}
