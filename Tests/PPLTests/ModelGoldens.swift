import TestSupport

/// What other programs computed about the models that SVI is tested on.
struct ModelGoldens: Decodable {
  struct Point: Decodable {
    let mu: Double
    let tau: Double
    let eta: [Double]
    let logJoint: Double
  }

  struct Coin: Decodable {
    let logEvidence: Double
    let posteriorMean: Double
    let loc: Double
    let scale: Double
    let elbo: Double
  }

  struct NormalNormal: Decodable {
    let data: [[Double]]
    let loc: [Double]
    let scale: [Double]
    let logEvidence: Double
  }

  struct Sample: Decodable {
    let sample: [Double]
    let mean: Double
    let sd: Double
    let quantiles: [Double]
  }

  let eightSchools: [Point]
  let coin: Coin
  let normalNormal: NormalNormal
  let summary: Sample

  static func load() throws -> ModelGoldens {
    try Golden.load("models.json", as: ModelGoldens.self)
  }
}
