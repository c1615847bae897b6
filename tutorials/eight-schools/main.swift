import FlowGuides
import Foundation
import Models

let model = """
  Eight schools: what coaching does to test scores, partially pooled (Rubin 1981)

    mu        ~ Normal(0, 5)                the mean effect
    tau       ~ HalfCauchy(5)               how far schools differ
    eta[i]    ~ Normal(0, 1)                i = 0 … 7
    theta[i]  = mu + tau · eta[i]           the effect in school i
    effect[i] ~ Normal(theta[i], error[i])  observed
  """

/// Fits the flow and looks at the posterior it found.
func fit(_ options: Options) throws -> Report {
  let clock = ContinuousClock()
  let start = clock.now
  let guide = FlowGuide(EightSchools.nonCentered, flow: .iaf(layers: 2, hidden: [16, 16]))
  let svi = try SVI(
    EightSchools.nonCentered, guide, optimizer: Adam(.cosine(0.01, steps: options.steps)),
    loss: TraceELBO(particles: 64), dtype: options.dtype, seed: options.seed)
  let fit = try svi.run(steps: options.steps, showsProgress: !options.isJSON)
  let fitted = clock.now
  let summary = try fit.summary(draws: 20_000)
  let elbo = try fit.elbo(particles: 20_000)
  return Report(
    options, summary, elbo: elbo,
    seconds: .init(fit: (fitted - start) / .seconds(1), total: (clock.now - start) / .seconds(1)))
}

func fail(_ error: any Error, _ status: Int32) -> Never {
  FileHandle.standardError.write(Data("eight-schools: \(error)\n".utf8))
  exit(status)
}

do {
  let options = try Options(CommandLine.arguments.dropFirst())
  if options.wantsHelp {
    print(Options.help)
  } else if options.isJSON {
    print(try fit(options).json())
  } else {
    print(model, terminator: "\n\n")
    print(try fit(options).text)
  }
} catch let error as OptionError {
  fail(error, 2)
} catch {
  fail(error, 1)
}
