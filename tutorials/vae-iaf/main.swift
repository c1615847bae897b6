import FlowGuides
import Foundation
import TutorialKit

var options = Options(
  "vae-iaf", about: "Handwritten digits: a variational autoencoder, its codes normal or by a flow.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 1200, "gradient steps")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// A thousand digits of 8 × 8 pixels, black or white: Optical Recognition of Handwritten Digits
// (Alpaydin & Kaynak 1998), UCI Machine Learning Repository, CC BY 4.0.
guard let path = Bundle.module.path(forResource: "digits", ofType: "csv") else {
  options.quit("digits.csv is missing beside the program; build the package again")
}
let table = try CSV(contentsOf: path)
let pixels = try table.matrix((0..<64).map { "p\($0)" }).cast(to: .float32).detached()
let (training, held) = (pixels.slice(0..<800).detached(), pixels.slice(800..<1000).detached())
let (codes, hidden) = (6, 64)

/// An affine map whose weights start with variance 1 / inputs.
func dense(_ name: String, _ x: Tensor, _ inputs: Int, _ outputs: Int) -> Tensor {
  let spread = 1 / Double(inputs).squareRoot()
  let weight = param("\(name).weight", initializedBy: { spread * $0.normal([inputs, outputs]) })
  return matmul(x, weight) + param("\(name).bias", Tensor.zeros([outputs]))
}

// A code makes a picture.
func decode(_ images: Tensor) {
  let count = images.shape[0]
  let code = sample("code", Normal(0, 1).expanded(to: [count, codes]).toEvent(1))
  let layer = softplus(dense("decoder.hidden", code, codes, hidden))
  sample(
    "pixels", Bernoulli(logits: dense("decoder.output", layer, hidden, 64)).toEvent(1),
    observed: images)
}

// A picture makes the posterior of its code: a normal whose mean and scale a network computes, on
// which a flow that sees the picture too may follow (Kingma et al. 2016).
func posterior(_ architecture: FlowArchitecture) -> NormalizingFlow {
  NormalizingFlow(
    architecture, dimension: codes, contextDimension: 64,
    base: .conditionalNormal(hidden: [hidden]), name: "encoder")
}

let families = [
  ("normal", posterior(FlowArchitecture { _, _ in [] })),
  ("IAF", posterior(.iaf(layers: 2, hidden: [hidden]))),
]

// The bound with one draw, and the tighter one with 64 of them, log p(x) from below (Burda, Grosse &
// Salakhutdinov 2016), of pictures the fit has not seen.
print(row("posterior", ["ELBO", "64 draws", "gap"]))
for (name, family) in families {
  let rows = Batches([training], size: 100)
  let svi = try SVI(
    { plate("images", rows) { decode($0[0]) } },
    guide: { plate("images", rows) { sample("code", family.conditioned(on: $0[0])) } },
    optimizer: Adam(.cosine(0.005, steps: steps)),
    loss: TraceELBO(estimator: .stickingTheLanding), dtype: .float32, seed: seed)
  let fit = try svi.run(steps: steps)
  let weights = logWeights(of: held, draws: 64, family.with(fit.parameters), fit.parameters)
  let elbo = weights.mean().scalar()
  let bound = (weights.logSumExp(axis: 0) - log(64.0)).mean().scalar()
  print(row(name, [elbo, bound, bound - elbo].map { fixed($0, 2) }))
}

/// log p(x, z) − log q(z | x) of draws and pictures.
func logWeights(
  of images: Tensor, draws: Int, _ family: NormalizingFlow, _ parameters: ParameterStore
) -> Tensor {
  let (code, logProb) = family.conditioned(on: images)
    .sampleAndLogProb([draws], key: RandomKey(1), dtype: .float32)
  let logits = substitute(by: { parameters[$0.name] }) {
    let flat = code.reshaped(to: [draws * images.shape[0], codes])
    let layer = softplus(dense("decoder.hidden", flat, codes, hidden))
    return dense("decoder.output", layer, hidden, 64)
      .reshaped(to: [draws, images.shape[0], 64])
  }
  return Normal(0, 1).logProb(code).sum(axis: -1)
    + Bernoulli(logits: logits).logProb(images).sum(axis: -1) - logProb
}
