import FlowGuides
import TutorialKit

var options = Options("handlers", about: "Handlers change what the statements of a model do.")
let steps = options.integer("--steps", in: 1...1_000_000, default: 1000, "steps of each fit")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

// Severe cases recover less often. A drug helps, and severe cases get it more often.
func patient() {
  let severe = sample("severe", Bernoulli(probs: 0.5))
  let treated = sample("treated", Bernoulli(probs: 0.2 + 0.6 * severe))
  sample("recovered", Bernoulli(probs: 0.7 - 0.5 * severe + 0.15 * treated))
}

// MARK: - trace: what a run did

print("trace: a patient, drawn")
let drawn = try trace { seeded(key: RandomKey(seed), patient) }
for site in drawn.sites { print("  \(left(site.name, 10)) \(site.value?.scalar() == 1)") }

func percent(_ chance: Double) -> String { "\(fixed(100 * chance, 1)) %" }

// MARK: - substitute: a run with given values, which has a probability

let values: [String: Tensor] = ["severe": 1, "treated": 1, "recovered": 1]
let run = try trace { substitute(values, patient) }
let chance = exp(run.logProbSum()).scalar()
print("\nsubstitute: a severe case that gets the drug and recovers")
print("  has a chance of \(percent(chance))")

// MARK: - condition and intervene: seeing is not doing

/// The chance of recovery, with everything summed out that is not observed.
func chanceOfRecovery(_ model: () -> Void) throws -> Double {
  let posterior = try DiscretePosterior { configEnumerate(.parallel, model) }
  return posterior.marginal("recovered")?.probs[1].scalar() ?? .nan
}

print("\ncondition: among those who are seen to have got the drug, severe cases abound")
let seen = try [0.0, 1].map { treated in
  try chanceOfRecovery { condition(["treated": Tensor(treated)], patient) }
}
print("  recover without the drug \(percent(seen[0])), with it \(percent(seen[1]))")

print("intervene: where everyone is made to take it, or no one, its effect shows")
let done = try [0.0, 1].map { treated in
  try chanceOfRecovery { intervene(["treated": Tensor(treated)], patient) }
}
print("  recover without the drug \(percent(done[0])), with it \(percent(done[1]))")

// MARK: - block: sites that nobody outside knows of

let visible = try trace {
  seeded(key: RandomKey(seed)) { block(hide: ["severe"], patient) }
}
print("\nblock: severity hidden, a trace has \(visible.sites.map(\.name).joined(separator: ", "))")

// MARK: - masked and scaled: how much data count

let readings: Tensor = [9.8, 10.1, 9.9, 10.2, 14]

func measurement() { read(sample("length", Normal(10, 5))) }

func measurementWithMask() {
  let length = sample("length", Normal(10, 5))
  masked(readings .< 12) { read(length) }
}

func read(_ length: Tensor) {
  plate("readings", 5) {
    sample("reading", Normal(length, 0.2), observed: readings)
  }
}

func logDensity(_ model: () -> Void) throws -> String {
  fixed(try trace { condition(["length": 10], model) }.logProbSum().scalar(), 4)
}

print("\nlog density of a length of 10 and the readings 9.8, 10.1, 9.9, 10.2 and 14")
print("  as it is                     \(try logDensity(measurement))")
print("  masked, the last left out    \(try logDensity(measurementWithMask))")
print("  scaled, everything doubled   \(try logDensity { scaled(by: 2, measurement) })")

// MARK: - a handler of one's own

/// Observations of a normal distribution get Student's tails: single ones may be far off.
struct HeavyTails: Handler {
  func process(_ site: inout Site) {
    guard site.isObserved, let normal = site.distribution as? Normal else { return }
    site.distribution = StudentT(3, normal.loc, normal.scale)
  }
}

func estimate(_ model: @escaping () -> Void) throws -> String {
  let svi = try SVI(
    model, DiagonalNormalGuide(), optimizer: Adam(.cosine(0.1, steps: steps)),
    loss: TraceELBO(particles: 8), seed: seed)
  let length = try svi.run(steps: steps).summary().rows[0]
  return "\(fixed(length.mean, 2)) ± \(fixed(length.standardDeviation, 2))"
}

print("\na handler of one's own: the length, fitted")
print("  normal noise                 \(try estimate(measurement))")
print("  with HeavyTails              \(try estimate { handle(measurement, with: HeavyTails()) })")
