import FlowGuides

// What coaching did to test scores in eight schools, with standard errors (Rubin 1981).
let effects: Tensor = [28, 8, -3, 7, -1, 1, 18, 12]
let errors: Tensor = [15, 10, 16, 11, 9, 11, 10, 18]

func eightSchools() {
  let mu = sample("mu", Normal(0, 5))
  let tau = sample("tau", HalfCauchy(5))
  plate("schools", 8) {
    let eta = sample("eta", Normal(0, 1))
    let theta = deterministic("theta", mu + tau * eta)
    sample("effect", Normal(theta, errors), observed: effects)
  }
}

let steps = 2500
let guide = FlowGuide(eightSchools, flow: .iaf(layers: 2, hidden: [16, 16]))
let svi = try SVI(
  eightSchools, guide, optimizer: Adam(.cosine(0.01, steps: steps)), loss: TraceELBO(particles: 64),
  seed: 0)
let fit = try svi.run(steps: steps)

print(try fit.summary())
let (bound, error) = try fit.elbo()
print("ELBO \(bound) ± \(error)")
