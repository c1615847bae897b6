import FlowGuides
import Foundation
import TutorialKit

var options = Options(
  "regression", about: "Linear regression on a table, in mini-batches, saved and resumed.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 40_000, "gradient steps to take")
let seed = options.integer("--seed", default: 0, "determines every draw")
let checkpoint = options.file(
  "--checkpoint", "go on with the fit in this file, if there is one, and leave it there")
options.finish()

// Test scores of 434 children of three or four years, whether their mothers finished high school,
// and their mothers' IQ: National Longitudinal Survey of Youth, prepared by Gelman & Hill (2007).
guard let path = Bundle.module.path(forResource: "kidiq", ofType: "csv") else {
  options.quit("kidiq.csv is missing beside the program; build the package again")
}
let table = try CSV(contentsOf: path)
let score = try table.numbers("kid_score")
let highSchool = try table.numbers("mom_hs")
// Of a size near one: 15 points of IQ are a standard deviation.
let iq = (try table.numbers("mom_iq") - 100) / 15

// Each step of the fit sees 62 children, so seven steps see all of them once.
let children = Batches([highSchool, iq, score], size: 62)

func regression() {
  let intercept = sample("intercept", Normal(90, 20))
  let highSchoolEffect = sample("high school", Normal(0, 10))
  let iqEffect = sample("iq", Normal(0, 10))
  let sigma = sample("sigma", HalfNormal(20))
  plate("children", children) { columns in
    let expected = intercept + highSchoolEffect * columns[0] + iqEffect * columns[1]
    sample("score", Normal(expected, sigma), observed: columns[2])
  }
}

// Steps of one size suit all effects if these are of size one. So each is drawn from a standard
// normal, then shifted and scaled: the same model, easier to fit.
func standardized() {
  let strategy = LocScaleReparam(centered: 0)
  reparam(["intercept": strategy, "high school": strategy, "iq": strategy], regression)
}

// Batches make gradients noisy; the mean over many steps is better than the last one.
let svi = try SVI(
  standardized, MultivariateNormalGuide(), optimizer: Adam(0.01).averaged(from: 10_000),
  loss: TraceELBO(particles: 4), seed: seed)

// A fit that was saved goes on as if it had never stopped, to the last bit.
if let checkpoint, FileManager.default.fileExists(atPath: checkpoint) {
  do { try svi.load(from: checkpoint) } catch { options.quit("\(error)") }
  print("Going on with the fit in \(checkpoint)")
}
let fit = try svi.run(steps: steps)
if let checkpoint {
  do { try svi.save(to: checkpoint) } catch { options.quit("\(error)") }
  print("Saved to \(checkpoint)")
}

// Least squares ignore the priors, which say little here, and so come out about the same.
let ones = Tensor.ones(score.shape)
let design = stack([ones, highSchool, iq], along: 1)
let transposed = design.transposed()
let leastSquares = solve(
  matmul(transposed, design), matmul(transposed, score.expandingDims(at: 1))
).array()

let summary = try fit.summary(draws: 20_000)
print("\nScores of \(score.count) children, \(children.size) at a step")
print("Both effects are in points of the score, that of iq is the effect of 15 points\n")
print(row("", ["mean", "sd", "5%", "95%", "least squares"], width: 15))
for (number, name) in ["intercept", "high school", "iq", "sigma"].enumerated() {
  guard let site = summary[name] else { continue }
  let numbers = [site.mean, site.standardDeviation, site.quantiles[0], site.quantiles[2]]
  let comparison = number < leastSquares.count ? [fixed(leastSquares[number], 2)] : []
  print(row(name, numbers.map { fixed($0, 2) } + comparison, width: 15))
}

// A child whose mother finished high school and has an IQ of 110.
let draws = Dictionary(uniqueKeysWithValues: try fit.samplePosterior(20_000))
if let intercept = draws["intercept"], let highSchoolEffect = draws["high school"],
  let iqEffect = draws["iq"], let sigma = draws["sigma"]
{
  let expected = intercept + highSchoolEffect + iqEffect * ((110 - 100) / 15.0)
  let scores = Normal(expected, sigma).sample(key: RandomKey(seed))
  let bounds = scores.quantiles([0.05, 0.95]).array().map { fixed($0, 0) }
  let mean = fixed(scores.mean().scalar(), 0)
  print("\nA child whose mother finished high school and has an IQ of 110: a score near \(mean),")
  print("in nine cases of ten between \(bounds[0]) and \(bounds[1])")
}
