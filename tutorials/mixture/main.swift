import FlowGuides
import TutorialKit

var options = Options(
  "mixture", about: "Waiting times for a geyser, of two kinds that nobody has told apart.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 5000, "gradient steps")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// Minutes between eruptions of Old Faithful, Yellowstone (Azzalini & Bowman 1990; Härdle 1991).
let waits: Tensor = [
  79, 54, 74, 62, 85, 55, 88, 85, 51, 85, 54, 84, 78, 47, 83, 52, 62, 84, 52, 79, 51, 47, 78, 69,
  74, 83, 55, 76, 78, 79, 73, 77, 66, 80, 74, 52, 48, 80, 59, 90, 80, 58, 84, 58, 73, 83, 64, 53,
  82, 59, 75, 90, 54, 80, 54, 83, 71, 64, 77, 81, 59, 84, 48, 82, 60, 92, 78, 78, 65, 73, 82, 56,
  79, 71, 62, 76, 60, 78, 76, 83, 75, 82, 70, 65, 73, 88, 76, 80, 48, 86, 60, 90, 50, 78, 63, 72,
  84, 75, 51, 82, 62, 88, 49, 83, 81, 47, 84, 52, 86, 81, 75, 59, 89, 79, 59, 81, 50, 85, 59, 87,
  53, 69, 77, 56, 88, 81, 45, 82, 55, 90, 45, 83, 56, 89, 46, 82, 51, 86, 53, 79, 81, 60, 82, 77,
  76, 59, 80, 49, 96, 53, 77, 77, 65, 81, 71, 70, 81, 93, 53, 89, 45, 86, 58, 78, 66, 76, 63, 88,
  52, 93, 49, 57, 77, 68, 81, 81, 73, 50, 85, 74, 55, 77, 83, 83, 51, 78, 84, 46, 83, 55, 81, 57,
  76, 84, 77, 81, 87, 77, 51, 78, 60, 82, 91, 53, 78, 46, 77, 84, 49, 83, 71, 80, 49, 75, 64, 76,
  53, 94, 55, 76, 50, 82, 54, 75, 78, 79, 78, 78, 70, 79, 70, 54, 86, 50, 90, 54, 54, 77, 79, 64,
  75, 47, 86, 63, 85, 82, 57, 82, 67, 74, 54, 83, 73, 73, 88, 80, 71, 83, 56, 79, 78, 84, 58, 83,
  43, 60, 75, 81, 46, 90, 46, 74,
]

// Each wait is of one of two kinds. Which, is marked to be summed out.
func geyser() {
  let weights = sample("weight", Dirichlet([2, 2]))
  let (means, spreads) = plate("kinds", 2) {
    (sample("mean", Normal([55, 80], 10)), sample("spread", HalfNormal(10)))
  }
  plate("waits", waits.count) {
    let kind = sample("kind", Categorical(probs: weights), infer: .enumerate())
    sample("wait", Normal(means[kind], spreads[kind]), observed: waits)
  }
}

// Means of size one instead of fifty: easier to fit.
func standardized() { reparam(["mean": LocScaleReparam(centered: 0)], geyser) }

// The guide draws weights, means and spreads only. Given those, the bound has the logarithm of the
// sum over the kinds of every wait, so nothing discrete is ever drawn and gradients are smooth.
let fit = try SVI(
  standardized, MultivariateNormalGuide(), optimizer: Adam(.cosine(0.03, steps: steps)),
  loss: TraceEnumELBO(particles: 8), seed: seed
).run(steps: steps)

let summary = try fit.summary(draws: 10_000)
print("Waiting times for Old Faithful: two kinds\n")
print(row("", ["mean", "sd", "5%", "95%"]))
for name in ["weight", "mean", "spread"] {
  for kind in 0..<2 {
    guard let site = summary["\(name)[\(kind)]"] else { continue }
    let numbers = [site.mean, site.standardDeviation, site.quantiles[0], site.quantiles[2]]
    print(row(site.name, numbers.map { fixed($0) }))
  }
}
let elbo = try fit.elbo()
print("\nELBO \(fixed(elbo.mean)) ± \(fixed(elbo.error))")

// Draws from the posterior have a kind for every wait: how often it is the second tells how sure
// one can be.
print("\nThe chance that a wait is of the longer kind")
let minutes = waits.array()
for wait in stride(from: 60.0, through: 74, by: 2) {
  guard let index = minutes.firstIndex(of: wait), let kind = summary["kind[\(index)]"] else {
    continue
  }
  print(row("\(Int(wait)) minutes", [fixed(kind.mean)]))
}
