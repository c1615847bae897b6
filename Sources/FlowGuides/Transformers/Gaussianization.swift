import Foundation
public import PPL

/// Φ⁻¹ of a mixture of normal distribution functions, Σ wₖ Φ(exp(aₖ) x + bₖ): what turns a
/// coordinate with that density into a normal one (Meng et al. 2020). Parameters: a, b, and the
/// logits of the weights w where these are not all 1/K.
///
/// In one autoregressive layer, with weights, that is a mixture of normals for each coordinate given
/// those before (nflows' `MADEMoG`); a is softly limited to ±log 1000 there, since it follows other
/// coordinates wherever these are.
public struct Gaussianization: NumericallyInverted {
  private let components: Int
  private let isWeighted: Bool

  /// - Parameters:
  ///   - components: how many normal distribution functions are mixed; positive.
  ///   - isWeighted: whether they have weights of their own.
  public init(components: Int = 8, isWeighted: Bool = false) {
    precondition(
      components > 0, "Gaussianization: components must be positive, got \(components)")
    self.components = components
    self.isWeighted = isWeighted
  }

  public var start: [Double] {
    [Double](repeating: 0, count: (isWeighted ? 3 : 2) * components)
  }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let free = parameters.stacked(0..<components, rank: x.rank)
    let logScales = isWeighted ? softClamp(free, bound: log(1000)) : free
    let shifts = parameters.stacked(components..<2 * components, rank: x.rank)
    let c = exp(logScales) * x + shifts
    let logWeights =
      isWeighted
      ? parameters.stacked(2 * components..<3 * components, rank: x.rank).logSoftmax(axis: 0)
      : Tensor(floatLiteral: -log(Double(components)))
    // Each tail by its own logarithm.
    let below = (logWeights + logNormalCDF(c)).logSumExp(axis: 0)
    let above = (logWeights + logNormalCDF(-c)).logSumExp(axis: 0)
    let y = `where`(below .< above, normalQuantileOfLog(below), -normalQuantileOfLog(above))
    let logDensity = (logWeights + logScales - c * c / 2).logSumExp(axis: 0)
    return (y, logDensity + y * y / 2)
  }
}
