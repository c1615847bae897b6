import FlowGuides
import TutorialKit

var options = Options(
  "iaf-guide",
  about: "A funnel-shaped posterior under four guides, and how far each can be trusted.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 4000, "gradient steps")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// Neal's funnel (2003): the scale of four effects is itself unknown.
// Nothing is observed, so the posterior is the funnel and its log evidence is 0.
func funnel() {
  let logScale = sample("logScale", Normal(0, 1.5))
  plate("effects", 4) { sample("effect", Normal(0, exp(logScale))) }
}

// No normal distribution is near a funnel: the flows start at the identity map of a standard normal.
let guides: [(name: String, guide: any Guide)] = [
  ("diagonal", DiagonalNormalGuide()),
  ("full-rank", MultivariateNormalGuide()),
  ("IAF", FlowGuide(flow: .iaf(layers: 2, hidden: [24, 24]), start: .at(scale: 1))),
  (
    "NSF",
    FlowGuide(flow: .nsf(layers: 4, bins: 6, bound: 8, hidden: [24]), start: .at(scale: 1))
  ),
]

func fitted(_ guide: some Guide) throws -> SVIResult {
  try SVI(
    funnel, guide, optimizer: Adam(.cosine(0.002, steps: steps), beta2: 0.99),
    loss: TraceELBO(particles: 16, estimator: .stickingTheLanding), seed: seed
  ).run(steps: steps)
}

// The ELBO of the best guide possible is 0. k̂ is the tail index of the importance weights: below
// 0.7 the guide, corrected by its weights, can be relied on.
print(row("guide", ["ELBO", "± error", "k̂", "sd"]))
for (name, guide) in guides {
  let fit = try fitted(guide)
  let elbo = try fit.elbo()
  let weighted = try fit.importance()
  let spread = try fit.summary()["logScale"]?.standardDeviation ?? .nan
  print(row(name, [elbo.mean, elbo.error, weighted.kHat, spread].map { fixed($0) }))
}
print(row("truth", ["0.000", "", "", "1.500"]))
