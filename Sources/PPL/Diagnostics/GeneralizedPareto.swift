import Foundation
import Tensors

/// The generalized Pareto distribution of exceedances over a threshold.
///
/// Its density falls like x^(−1 − 1/shape), so that 1/shape is the number of finite moments.
public struct GeneralizedPareto: Sendable, Equatable {
  public let shape: Double
  public let scale: Double

  public init(shape: Double, scale: Double) {
    self.shape = shape
    self.scale = scale
  }

  /// Fits to data by the empirical Bayes estimate of Zhang and Stephens (2009), with ten further
  /// observations of a shape of ½ as a prior (Vehtari, Simpson, Gelman, Yao and Gabry 2024): Pyro's
  /// `fit_generalized_pareto`.
  ///
  /// - Parameter exceedances: nonnegative, at least two.
  public init(fitting exceedances: [Double]) {
    precondition(
      exceedances.count > 1, "GeneralizedPareto: \(exceedances.count) numbers are too few to fit")
    let data = exceedances.sorted()
    let count = Double(data.count)
    let profile = Profile(data)
    let rate = profile.meanRate()
    let shape = profile.shape(rate)
    let prior = 10.0
    self.init(shape: (count * shape + prior / 2) / (count + prior), scale: -shape / rate)
  }

  /// The value below which a share of `probability` lies.
  public func quantile(_ probability: Double) -> Double {
    let exponential = -log1p(-probability)
    if abs(shape) < .ulpOfOne { return scale * exponential }
    return scale * expm1(shape * exponential) / shape
  }

  /// The likelihood of the data with the scale profiled out, as a function of −shape / scale.
  private struct Profile {
    let data: [Double]

    init(_ data: [Double]) { self.data = data }

    func shape(_ rate: Double) -> Double { data.map { log1p(-rate * $0) }.mean }

    /// The posterior mean of the rate over a grid made for the data.
    func meanRate() -> Double {
      let count = Double(data.count)
      let points = 30 + Int(count.squareRoot())
      let quartile = data[max(Int(count / 4 + 0.5) - 1, 0)]
      let greatestRate = 1 / data[data.count - 1]
      let rates = (1...points).map { (point: Int) -> Double in
        let ratio = Double(points) / (Double(point) - 0.5)
        return greatestRate + (1 - ratio.squareRoot()) / (3 * quartile)
      }
      let logLikelihoods = rates.map { (rate: Double) -> Double in
        let shape = shape(rate)
        return count * (log(-rate / shape) - shape - 1)
      }
      let greatest = logLikelihoods.max() ?? 0
      let weights = logLikelihoods.map { exp($0 - greatest) }
      let total = weights.reduce(0, +)
      // What is lost in rounding could only disturb the sum.
      let counted = zip(rates, weights).filter { $1 / total >= 10 * .ulpOfOne }
      let sum = counted.map(\.1).reduce(0, +)
      return counted.map { $0.0 * $0.1 }.reduce(0, +) / sum
    }
  }
}
