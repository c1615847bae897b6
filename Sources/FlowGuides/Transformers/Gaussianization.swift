import Foundation
public import PPL

/// Φ⁻¹ of a mixture of normal distribution functions, (1/K) Σ Φ(exp(aₖ) x + bₖ): what turns a
/// coordinate with that density into a normal one (Meng et al. 2020). Parameters: a, b.
public struct Gaussianization: NumericallyInverted {
  private let components: Int

  public init(components: Int = 8) {
    precondition(
      components > 0, "Gaussianization: components must be positive, got \(components)")
    self.components = components
  }

  public var start: [Double] { [Double](repeating: 0, count: 2 * components) }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let logScales = parameters.stacked(0..<components, rank: x.rank)
    let shifts = parameters.stacked(components..<2 * components, rank: x.rank)
    let c = exp(logScales) * x + shifts
    let logCount = log(Double(components))
    // Each tail by its own logarithm.
    let below = logNormalCDF(c).logSumExp(axis: 0) - logCount
    let above = logNormalCDF(-c).logSumExp(axis: 0) - logCount
    let y = `where`(below .< above, normalQuantileOfLog(below), -normalQuantileOfLog(above))
    let logDensity = (logScales - c * c / 2).logSumExp(axis: 0) - logCount
    return (y, logDensity + y * y / 2)
  }
}
