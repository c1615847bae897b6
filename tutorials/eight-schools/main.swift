import FlowGuides
import Models
import TutorialKit

let model = """
  Eight schools: what coaching does to test scores, partially pooled (Rubin 1981)

    mu        ~ Normal(0, 5)                the mean effect
    tau       ~ HalfCauchy(5)               how far schools differ
    eta[i]    ~ Normal(0, 1)                i = 0 … 7
    theta[i]  = mu + tau · eta[i]           the effect in school i
    effect[i] ~ Normal(theta[i], error[i])  observed
  """

/// Fits the flow and looks at the posterior it found.
func fit(_ settings: Settings) throws -> Report {
  let clock = ContinuousClock()
  let start = clock.now
  let guide = FlowGuide(EightSchools.nonCentered, flow: .iaf(layers: 2, hidden: [16, 16]))
  let svi = try SVI(
    EightSchools.nonCentered, guide, optimizer: Adam(.cosine(0.01, steps: settings.steps)),
    loss: TraceELBO(particles: 64), dtype: settings.dtype, seed: settings.seed)
  let fit = try svi.run(steps: settings.steps, showsProgress: !settings.isJSON)
  let fitted = clock.now
  let summary = try fit.summary(draws: 20_000)
  let elbo = try fit.elbo(particles: 20_000)
  return Report(
    settings, summary, elbo: elbo,
    seconds: .init(fit: (fitted - start) / .seconds(1), total: (clock.now - start) / .seconds(1)))
}

var options = Options(
  "eight-schools",
  about: """
    Fits a normalizing flow to the posterior of the eight schools and compares it with exact values.
    """)
let settings = Settings(&options)
do {
  if settings.isJSON {
    print(try fit(settings).json())
  } else {
    print(model, terminator: "\n\n")
    print(try fit(settings).text)
  }
} catch {
  options.quit("\(error)")
}
