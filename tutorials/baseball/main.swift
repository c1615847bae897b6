import FlowGuides
import Models
import TutorialKit

var options = Options(
  "baseball",
  about: "What 45 times at bat tell about the rest of the season (Efron & Morris 1975).")
let steps = options.integer("--steps", in: 1...1_000_000, default: 2000, "steps of each fit")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// The models are in models/Baseball.swift. In the last one, the spread tau of the players' log odds
// decides how far each of them may stray, so a small tau makes a funnel that no normal distribution
// fits. Drawn from a standard normal, shifted and scaled afterwards, they no longer depend on it.
func rewritten() {
  reparam(["logit": LocScaleReparam(centered: 0)], Baseball.partialPoolingOfLogits)
}

let models: [(name: String, model: () -> Void)] = [
  ("no pooling", Baseball.noPooling),
  ("full pooling", Baseball.fullPooling),
  ("partial, beta", Baseball.partialPooling),
  ("partial, logits", Baseball.partialPoolingOfLogits),
  ("same, rewritten", rewritten),
]

/// What a model says about the players, and how well.
struct Verdict {
  let name: String
  /// The posterior mean of each player's chance.
  let chances: Tensor
  let elbo: Double
  /// The root of the mean square distance to the averages of the rest of the season.
  let error: Double
  /// The log probability of the hits in the rest of the season, summed over players.
  let logScore: Double
}

func judge(_ name: String, _ model: @escaping () -> Void) throws -> Verdict {
  let guide = FlowGuide(model, flow: .iaf(layers: 2, hidden: [32, 32]))
  let svi = try SVI(
    model, guide, optimizer: Adam(.cosine(0.01, steps: steps)), loss: TraceELBO(particles: 16),
    seed: seed)
  let fit = try svi.run(steps: steps)
  let count = 20_000
  let draws = try fit.samplePosterior(count).filter { $0.name == "chance" }[0].draws
  let perPlayer = draws.reshaped(to: [count, draws.count / count])
  let later = Binomial(Baseball.remainingAtBats, probs: perPlayer)
    .logProb(round(Baseball.remainingAtBats * Baseball.remainingAverages))
  let chances = perPlayer.mean(axis: 0).broadcast(to: [18])
  return Verdict(
    name: name, chances: chances, elbo: try fit.elbo().mean,
    error: sqrt(square(chances - Baseball.remainingAverages).mean()).scalar(),
    logScore: (later.logSumExp(axis: 0) - log(Tensor(Double(count)))).sum().scalar())
}

let verdicts = try models.map { try judge($0.name, $0.model) }

print(row("", ["first 45", "no", "full", "beta", "logits", "the rest"], nameWidth: 14))
let columns =
  [Baseball.hits / Baseball.atBats] + [0, 1, 2, 4].map { verdicts[$0].chances }
  + [Baseball.remainingAverages]
for (player, averages) in zip(Baseball.players, stack(columns, along: 1).rows()) {
  print(row(player, averages.map { fixed($0) }, nameWidth: 14))
}
print("\n" + row("", ["error", "log score", "ELBO"]))
for verdict in verdicts {
  let numbers = [fixed(verdict.error, 4), fixed(verdict.logScore, 2), fixed(verdict.elbo, 3)]
  print(row(verdict.name, numbers))
}
print(
  """

  error      root mean square distance of the chances to the averages of the rest of the season
  log score  log probability of the hits in the rest of the season; greater is better
  ELBO       lower bound of the log probability of the first 45; greater is better

  On their own, the best players look better and the worst look worse than they are: each shrinks
  towards the others. Rewritten, the same model fits better, and its posterior is the same.
  """)
