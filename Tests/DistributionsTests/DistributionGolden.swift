import Distributions
import Foundation
import TestSupport

/// What mpmath says of a distribution with given parameters; see Tests/Golden/distributions.
struct DistributionGolden: Decodable {
  let parameters: [Golden.Number]
  let x: [Golden.Number]
  let logProb: [Golden.Number]
  let cdf: [Golden.Number]?
  let p: [Golden.Number]?
  let icdf: [Golden.Number]?
  let mean: Golden.Number?
  let variance: Golden.Number?
  let entropy: Golden.Number?

  static func load(_ subject: DistributionCase) throws -> [DistributionGolden] {
    try Golden.load("distributions/\(subject.goldenName).json", as: [DistributionGolden].self)
  }

  var values: [Double] { parameters.map(\.value) }
  var points: Tensor { Tensor(x.map(\.value)) }

  /// The rounding error of a sum of terms about as large as the logarithms of the parameters, such
  /// as log scale and z²/2, that cancel where the density is near 1: two units in the last place.
  var cancellation: Double {
    let logs = values.filter { $0 != 0 && $0.isFinite }.map { log($0.magnitude).magnitude }
    return 1e-14 * (1 + (logs.max() ?? 0))
  }
}
