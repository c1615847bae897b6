import PPL
import TestSupport

/// Draws, and what ArviZ computes from them.
struct DiagnosticsGolden: Decodable {
  struct Chains: Decodable {
    let name: String
    let chains: Int
    let draws: [Double]
    let rHat: [String: Golden.Number]
    let ess: [String: Golden.Number]
    let mcse: [String: Golden.Number]
    /// Share, lower end, upper end.
    let hdi: [[Double]]

    var tensor: Tensor { Tensor(draws, shape: [chains, draws.count / chains]) }
  }

  struct Weights: Decodable {
    let name: String
    let relativeEfficiency: Double
    let logWeights: [Double]
    let smoothed: [Double]
    let kHat: Golden.Number
    let values: [Double]
    let kHatOfValues: Golden.Number
  }

  struct Criterion: Decodable {
    let value: Double
    let error: Double?
    let parameters: Double
    let pointwise: [Double]
    let kHats: [Double]?
  }

  struct Likelihood: Decodable {
    let draws: Int
    let logLikelihood: [Double]
    let loo: Criterion
    let waic: Criterion

    var tensor: Tensor {
      Tensor(logLikelihood, shape: [draws, logLikelihood.count / draws])
    }
  }

  struct Pareto: Decodable {
    let data: [Double]
    let shape: Double
    let scale: Double
  }

  let chains: [Chains]
  let weights: [Weights]
  let likelihood: Likelihood
  let pareto: [Pareto]

  static func load() throws -> DiagnosticsGolden {
    try Golden.load("diagnostics.json", as: DiagnosticsGolden.self)
  }
}
