import FlowGuides

// The programs of the article "From Pyro and NumPyro"; each stands between two lines of dashes.

typealias Draws = [(name: String, draws: Tensor)]

// ---- coin ----
let tosses: Tensor = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]

func coin() {
  let fairness = sample("fairness", Beta(10, 10))
  plate("tosses", tosses.count) {
    sample("toss", Bernoulli(probs: fairness), observed: tosses)
  }
}

func coinGuide() {
  let a = param("a", 12, constraint: .positive)
  let b = param("b", 12, constraint: .positive)
  sample("fairness", Beta(a, b))
}
// ----

func coinPosterior() throws -> Draws {
  let svi = try SVI(
    coin, guide: coinGuide, optimizer: Adam(.cosine(0.05, steps: 2000)),
    loss: TraceELBO(particles: 8))
  return try svi.run(steps: 2000, showsProgress: false).samplePosterior(4000)
}

// ---- line ----
let heights: Tensor = [-1.2, -0.7, -0.3, 0, 0.4, 0.9, 1.5]
let weights: Tensor = [-2, -1.1, 0.2, 0.1, 1.2, 1.5, 3.1]

func line() {
  let intercept = sample("intercept", Normal(0, 5))
  let slope = sample("slope", Normal(0, 5))
  plate("people", 7) {
    sample("weight", Normal(intercept + slope * heights, 0.5), observed: weights)
  }
}

let lineGuide = MultivariateNormalGuide()
// ----

func linePosterior() throws -> Draws {
  try fit(line, lineGuide, showsProgress: false).samplePosterior(4000)
}

// ---- schools ----
let effects: Tensor = [28, 8, -3, 7, -1, 1, 18, 12]
let errors: Tensor = [15, 10, 16, 11, 9, 11, 10, 18]

func schools() {
  let mu = sample("mu", Normal(0, 5))
  let tau = sample("tau", HalfCauchy(5))
  plate("schools", 8) {
    let eta = sample("eta", Normal(0, 1))
    let theta = deterministic("theta", mu + tau * eta)
    sample("effect", Normal(theta, errors), observed: effects)
  }
}
// ----

func schoolsPosterior() throws -> Draws { try chains(schools) }

func chains(_ model: @escaping () -> Void) throws -> Draws {
  try MCMC(model, kernel: NUTS(), warmup: 500, samples: 2000, chains: 2)
    .run(showsProgress: false).samples
}

// ---- doses ----
let doses: Tensor = [-0.9, -0.6, -0.3, -0.1, 0.1, 0.4, 0.7, 1]
let deaths: Tensor = [0, 0, 1, 0, 1, 0, 1, 1]

func dosesModel() {
  let alpha = sample("alpha", Normal(0, 2))
  let beta = sample("beta", Normal(0, 4))
  plate("animals", 8) {
    sample("death", Bernoulli(logits: alpha + beta * doses), observed: deaths)
  }
}

let dosesGuide = DiagonalNormalGuide()
// ----

func dosesPosterior() throws -> Draws {
  try fit(dosesModel, dosesGuide, showsProgress: false).samplePosterior(4000)
}

// ---- counts ----
let counts: Tensor = [3, 5, 4, 7, 2, 6]

func countsModel() {
  let rate = sample("rate", Gamma(2, 0.5))
  plate("days", 6) {
    sample("count", Poisson(rate), observed: counts)
  }
}

let countsGuide = DeltaGuide()
// ----

func countsPosterior() throws -> Draws {
  try fit(countsModel, countsGuide, showsProgress: false).samplePosterior(2)
}

// ---- mixture ----
let data: Tensor = [0, 1, 10, 11, 12]

func mixture() {
  let weights = sample("weights", Dirichlet([0.5, 0.5]))
  let scale = sample("scale", LogNormal(0, 2))
  let locs = sample("locs", Normal([0, 10], 10).toEvent(1))
  plate("data", 5) {
    let kind = sample("kind", Categorical(probs: weights), infer: .enumerate())
    sample("datum", Normal(locs[kind], scale), observed: data)
  }
}

let mixtureGuide = DiagonalNormalGuide(start: .at(.median()))
// ----

func mixturePosterior() throws -> Draws {
  let svi = try SVI(
    mixture, mixtureGuide, optimizer: Adam(.cosine(0.02, steps: 3000)),
    loss: TraceEnumELBO(particles: 8))
  return try svi.run(steps: 3000, showsProgress: false).samplePosterior(4000)
}

// ---- weather ----
let umbrellas: Tensor = [1, 1, 0, 1, 0, 0, 0, 1, 1, 1]

func weather() {
  let stay = sample("stay", Beta(4, 2))
  let carry = sample("carry", Beta([2, 6], [6, 2]).toEvent(1))
  var rain: Tensor = 0
  markov(0..<10) { day in
    let chance = day == 0 ? stay : `where`(rain .== 1, stay, 1 - stay)
    rain = sample("rain_\(day)", Bernoulli(probs: chance), infer: .enumerate())
    sample("umbrella_\(day)", Bernoulli(probs: carry[rain]), observed: umbrellas[day])
  }
}

let weatherGuide = DiagonalNormalGuide()
// ----

func weatherPosterior() throws -> Draws {
  let svi = try SVI(
    weather, weatherGuide, optimizer: Adam(.cosine(0.02, steps: 2000)),
    loss: TraceEnumELBO(particles: 8))
  return try svi.run(steps: 2000, showsProgress: false).samplePosterior(4000)
}

// ---- batches ----
let readings = sin(Tensor.arange(100).cast(to: .float64)) + 2

func batches() {
  let level = sample("level", Normal(0, 10))
  plate("readings", 100, subsampleSize: 20) { rows in
    sample("reading", Normal(level, 1), observed: readings[rows])
  }
}

let batchesGuide = DiagonalNormalGuide()
// ----

func batchesPosterior() throws -> Draws {
  let svi = try SVI(
    batches, batchesGuide, optimizer: Adam(.cosine(0.02, steps: 4000)),
    loss: TraceELBO(particles: 4))
  return try svi.run(steps: 4000, showsProgress: false).samplePosterior(4000)
}

// ---- centred ----
func centred() {
  let mu = sample("mu", Normal(0, 5))
  let tau = sample("tau", HalfCauchy(5))
  plate("schools", 8) {
    let theta = sample("theta", Normal(mu, tau))
    sample("effect", Normal(theta, errors), observed: effects)
  }
}

func decentred() {
  reparam(["theta": LocScaleReparam(centered: 0)], centred)
}
// ----

func centredPosterior() throws -> Draws { try chains(decentred) }

// ---- sprinkler ----
func lawn() {
  let cloudy = sample("cloudy", Normal(0, 1))
  let sprinkler = sample("sprinkler", Normal(-cloudy, 0.5))
  sample("wet", Normal(cloudy + sprinkler, 0.3))
}

func seen() { condition(["wet": 1, "sprinkler": 2], lawn) }
func done() { intervene(["sprinkler": 2], lawn) }
// ----

func seenPosterior() throws -> Draws { try chains(seen) }
func donePrediction() throws -> Draws { try Predictive(done, draws: 4000).run() }
