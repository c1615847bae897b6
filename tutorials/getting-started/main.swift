import FlowGuides
import TutorialKit

var options = Options(
  "getting-started", about: "Is the coin fair? Model, guide and fit, and the exact answer beside.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 2000, "gradient steps")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// A coin came up heads six times of ten.
let tosses: Tensor = [1, 0, 1, 1, 0, 1, 0, 1, 1, 0]

// The model: what we believe of a coin before it is tossed, and how tosses come about.
func coin() {
  let fairness = sample("fairness", Beta(10, 10))
  plate("tosses", 10) {
    sample("heads", Bernoulli(probs: fairness), observed: tosses)
  }
}

// The guide: a family of distributions over the unknown, in which the fit finds the closest to the
// posterior. Its parameters are numbers that the fit may move.
func betaGuide() {
  let alpha = param("alpha", 10, constraint: .positive)
  let beta = param("beta", 10, constraint: .positive)
  sample("fairness", Beta(alpha, beta))
}

// The fit: gradient steps on the evidence lower bound, the ELBO.
let fit = try SVI(
  coin, guide: betaGuide, optimizer: Adam(.cosine(0.05, steps: steps)),
  loss: TraceELBO(particles: 32), seed: seed
).run(steps: steps)

// No need to write a guide: this one fits a normal to the log odds.
let automatic = try SVI(
  coin, DiagonalNormalGuide(), optimizer: Adam(.cosine(0.05, steps: steps)),
  loss: TraceELBO(particles: 32), seed: seed
).run(steps: steps)

// The exact posterior adds the tosses to the prior's counts: Beta(10 + 6, 10 + 4).
let posterior = Beta(16, 14)
let logEvidence = -7.069374503241

func describe(_ name: String, _ fit: SVIResult) throws {
  let fairness = try fit.summary(draws: 50_000).rows[0]
  let elbo = try fit.elbo(particles: 100_000)
  let numbers = [fairness.mean, fairness.standardDeviation] + fairness.quantiles
  print(
    row(name, numbers.map { fixed($0) }, width: 8)
      + "   ELBO \(fixed(elbo.mean, 5)) ± \(fixed(elbo.error, 5))")
}

print("A coin: heads 6 times of 10; before, its fairness is believed to be Beta(10, 10)\n")
print(row("fairness", ["mean", "sd", "5%", "50%", "95%"], width: 8))
try describe("Beta guide", fit)
try describe("normal guide", automatic)
let exact = [
  posterior.mean, posterior.standardDeviation, posterior.icdf(0.05), posterior.icdf(0.5),
  posterior.icdf(0.95),
]
print(
  row("exact", exact.map { fixed($0.scalar()) }, width: 8)
    + "   log evidence \(fixed(logEvidence, 5))")

// The ELBO never exceeds the log evidence log p(tosses); it reaches it where the guide is the
// posterior, as a Beta can be here.

// Prediction: toss a coin of each fairness that the posterior deems possible.
let fairness = try fit.samplePosterior(100_000)[0].draws
let next = Bernoulli(probs: fairness).sample(key: RandomKey(seed))
let found = ["alpha", "beta"].map { fixed(fit.parameters[$0]?.scalar() ?? .nan, 2) }
print("\nThe guide found Beta(\(found[0]), \(found[1])); exact is Beta(16, 14)")
print("The next toss is heads in \(fixed(next.mean().scalar())) of cases; exact is 16/30 = 0.533")
