import FlowGuides
import TutorialKit

var options = Options(
  "hmm", about: "A century of earthquakes: calm and busy years, by a hidden Markov model.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 5000, "gradient steps")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// Earthquakes of magnitude 7 or more in the world, 1900 to 2006 (Zucchini & MacDonald 2009).
let firstYear = 1900
let counts: Tensor = [
  13, 14, 8, 10, 16, 26, 32, 27, 18, 32, 36, 24, 22, 23, 22, 18, 25, 21, 21, 14, 8, 11, 14, 23, 18,
  17, 19, 20, 22, 19, 13, 26, 13, 14, 22, 24, 21, 22, 26, 21, 23, 24, 27, 41, 31, 27, 35, 26, 28,
  36, 39, 21, 17, 22, 17, 19, 15, 34, 10, 15, 22, 18, 15, 20, 15, 22, 19, 16, 30, 27, 29, 23, 20,
  16, 21, 21, 25, 16, 18, 15, 18, 14, 10, 15, 8, 15, 6, 11, 8, 7, 18, 16, 13, 12, 13, 20, 15, 16,
  12, 18, 15, 16, 13, 15, 16, 11, 11,
]

// The regime of a year, calm (0) or busy (1), depends on that of the year before alone. It is marked
// to be summed out.
func earthquakes() {
  let stay = plate("regimes", 2) { sample("stay", Beta(9, 1)) }
  let calm = sample("calm", Gamma(15, 1))
  let busy = deterministic("busy", calm + sample("excess", Gamma(10, 1)))
  let rates = stack([calm, busy])
  let transition = stack([stack([stay[0], 1 - stay[0]]), stack([1 - stay[1], stay[1]])])
  var chances: Tensor = [0.5, 0.5]
  markov(0..<counts.count) { year in
    let regime = sample("regime_\(year)", Categorical(probs: chances), infer: .enumerate())
    sample("count_\(year)", Poisson(rates[regime]), observed: counts[year])
    chances = transition[regime]
  }
}

// The guide draws the rates and the chances that regimes last. The 2¹⁰⁷ ways the years may have gone
// are summed out in 107 steps.
let fit = try SVI(
  earthquakes, MultivariateNormalGuide(), optimizer: Adam(.cosine(0.03, steps: steps)),
  loss: TraceEnumELBO(particles: 8), seed: seed
).run(steps: steps)

let summary = try fit.summary(draws: 4000)
print("Earthquakes of magnitude 7 or more, \(firstYear) to \(firstYear + counts.count - 1)\n")
print(row("", ["mean", "sd", "5%", "95%"]))
for (site, name) in [
  ("calm", "a calm year"), ("busy", "a busy year"), ("stay[0]", "calm goes on"),
  ("stay[1]", "busy goes on"),
] {
  guard let site = summary[site] else { continue }
  let numbers = [site.mean, site.standardDeviation, site.quantiles[0], site.quantiles[2]]
  print(row(name, numbers.map { fixed($0) }))
}
let elbo = try fit.elbo(particles: 4000)
print("\nELBO \(fixed(elbo.mean)) ± \(fixed(elbo.error))")

// Draws from the posterior have a regime for every year. The most probable history, given the mean
// parameters, is one sequence of regimes.
let isBusy = (0..<counts.count).map { summary["regime_\($0)"]?.mean ?? .nan }
let names = ["stay[0]", "stay[1]", "calm", "excess"]
let means = names.map { Tensor(summary[$0]?.mean ?? .nan) }
let parameters = ["stay": stack([means[0], means[1]]), "calm": means[2], "excess": means[3]]
let history = try DiscretePosterior { substitute(parameters, earthquakes) }.mode()
eval(Array(history.values))

print("\nBusy years (#): more probable than not, and in the most probable history")
for decade in stride(from: 0, to: counts.count, by: 10) {
  let years = decade..<min(decade + 10, counts.count)
  let probable = years.map { isBusy[$0] > 0.5 ? "#" : "." }.joined()
  let chosen = years.map { history["regime_\($0)"]?.scalar() == 1 ? "#" : "." }.joined()
  print(row("\(firstYear + decade)", [probable, chosen], nameWidth: 6, width: 12))
}
