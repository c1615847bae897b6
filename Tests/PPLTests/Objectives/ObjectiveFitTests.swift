import Foundation
import PPL
import TestSupport
import Testing

/// Every objective brings a guide from a wrong start to the exact posterior of a conjugate model.
///
/// Sixteen copies of a problem share the guide's parameters, and the step size goes to zero, so that
/// fits end close by; bounds on the distance are a small part of that of the start.
@Suite struct ObjectiveFitTests {
  typealias Estimator = (objective: any Objective, infer: InferConfig?)

  /// The parameters at the end of a fit.
  private static func fit(
    _ estimator: Estimator, _ model: @escaping () -> Void,
    guide: @escaping (InferConfig?) -> Void, rate: Double = 0.004, steps: Int
  ) throws -> ParameterStore {
    let svi = try SVI(
      model, guide: { guide(estimator.infer) }, optimizer: Adam(.cosine(rate, steps: steps)),
      loss: estimator.objective, seed: 11)
    return try svi.run(steps: steps, showsProgress: false).parameters
  }

  private static func expect(
    _ actual: [Double]?, _ expected: [Double], within bound: Double, _ estimator: Estimator,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let what = "\(estimator.objective), \(estimator.infer.map { "\($0)" } ?? "pathwise")"
    expectClose(
      actual ?? [], expected, within: .relative(0, absolute: bound), what,
      sourceLocation: sourceLocation)
  }

  // MARK: Normal with a normal prior

  private enum Normals {
    static let loc = [0.0497925311, 0.4751552795]
    static let logScale = [-1.5911059202, -1.3894096360]
    static let rows: Tensor = [[-0.1, 0.3], [0, 0.4], [0.2, 0.5], [0.1, 0.7]]
    static let scale = Tensor([6.0, 4].map { 1 / $0.squareRoot() })

    static func prior() -> Tensor {
      sample("z", Normal([0, 0.5], 1 / Tensor(scalar: 0.1.squareRoot())).toEvent(1))
    }

    static func model() {
      copied {
        let z = prior()
        plate("rows", 4, axis: -1) { _ = sample("x", Normal(z, scale).toEvent(1), observed: rows) }
      }
    }

    static func guide(_ loc: [Double], _ logScale: [Double], _ infer: InferConfig?) {
      let scale = exp(param("log scale", Tensor(logScale)))
      sample("z", Normal(param("loc", Tensor(loc)), scale).toEvent(1), infer: infer)
    }
  }

  @Test func normals() throws {
    let estimators: [Estimator] = [
      (TraceELBO(particles: 1), nil), (TraceELBO(particles: 1), .scoreFunction),
      (TraceMeanFieldELBO(particles: 1), nil), (TailAdaptiveELBO(particles: 10), nil),
      (TraceGraphELBO(particles: 1), nil), (TraceGraphELBO(particles: 1), .scoreFunction),
      (TraceGraphELBO(particles: 1), .baseline(.decayingAverage())),
      (RenyiELBO(particles: 3), nil), (RenyiELBO(particles: 3), .scoreFunction),
      (ReweightedWakeSleep(particles: 3), nil), (ReweightedWakeSleep(particles: 3), .scoreFunction),
    ]
    for estimator in estimators {
      let parameters = try Self.fit(
        estimator, Normals.model,
        guide: { infer in
          copied {
            Normals.guide(
              Normals.loc.map { $0 + 0.134 }, Normals.logScale.map { $0 - 0.14 }, infer)
          }
        }, steps: 3000)
      Self.expect(parameters["loc"]?.array(), Normals.loc, within: 0.02, estimator)
      Self.expect(parameters["log scale"]?.array(), Normals.logScale, within: 0.02, estimator)
    }
  }

  /// Mini-batches of three, all eight at once, and one after the other in a loop or in a plate.
  @Test(arguments: ["plate of 3", "plate of 8", "loop", "passes of 3", "passes of 8"])
  func mapData(_ form: String) throws {
    let points: [[Double]] = [
      [0.1, 0.21], [0.16, 0.11], [0.06, 0.31], [-0.01, 0.07], [0.23, 0.25], [0.19, 0.18],
      [0.09, 0.41], [-0.04, 0.17],
    ]
    let data = Tensor(points)
    let loc = [0.0972972973, 0.2146417445]
    let logScale = [-1.9366410886, -1.7344280151]
    func one(_ z: Tensor, _ index: Int) {
      sample("x\(index)", Normal(z, Normals.scale).toEvent(1), observed: Tensor(points[index]))
    }
    func model() {
      let z = Normals.prior()
      let count = form.hasSuffix("3") ? 3 : 8
      switch form.prefix(5) {
      case "plate":
        plate("rows", 8, subsampleSize: count) { rows in
          let x = data.gathered(rows)
          _ = sample("x", Normal(z, Normals.scale).toEvent(1), observed: x)
        }
      case "passe": sequentialPlate("rows", 8, subsampleSize: count) { one(z, $0) }
      default: for index in 0..<8 { one(z, index) }
      }
    }
    let isSlow = form == "passes of 3"
    for infer in [nil, InferConfig.scoreFunction] {
      let estimator: Estimator = (TraceELBO(particles: isSlow ? 1 : 16), infer)
      if isSlow && infer != nil { continue }
      let parameters = try Self.fit(
        estimator, model,
        guide: { infer in
          Normals.guide(loc.map { $0 - 0.18 }, logScale.map { $0 + 0.23 }, infer)
        }, steps: isSlow ? 4000 : 8000)
      Self.expect(parameters["loc"]?.array(), loc, within: 0.05, estimator)
      Self.expect(parameters["log scale"]?.array(), logScale, within: 0.05, estimator)
    }
  }

  // MARK: Gamma and beta priors

  private static func gammaGuide(_ alpha: Double, _ beta: Double) -> (InferConfig?) -> Void {
    { infer in
      let alpha = exp(param("log alpha", Tensor(scalar: log(alpha) + 0.17)))
      let beta = exp(param("log beta", Tensor(scalar: log(beta) + 0.143)))
      copied { _ = sample("rate", Gamma(alpha, beta), infer: infer) }
    }
  }

  private static func expectGamma(
    _ parameters: ParameterStore, _ alpha: Double, _ beta: Double, within bounds: (Double, Double),
    _ estimator: Estimator
  ) {
    expect([exp(parameters.scalar("log alpha"))], [alpha], within: bounds.0, estimator)
    expect([exp(parameters.scalar("log beta"))], [beta], within: bounds.1, estimator)
  }

  @Test func poissonGamma() throws {
    let estimators: [Estimator] = [
      (TraceELBO(particles: 1), nil), (TraceELBO(particles: 4), .scoreFunction),
      (TraceMeanFieldELBO(particles: 1), nil),
      (RenyiELBO(particles: 2), nil), (RenyiELBO(alpha: 0.2, particles: 2), .scoreFunction),
      (ReweightedWakeSleep(particles: 2), nil),
    ]
    for estimator in estimators {
      let parameters = try Self.fit(
        estimator,
        {
          copied {
            let rate = sample("rate", Gamma(1, 1))
            plate("rows", 3, axis: -1) { _ = sample("k", Poisson(rate), observed: [1, 2, 3]) }
          }
        }, guide: Self.gammaGuide(7, 4), rate: 0.01, steps: 4000)
      Self.expectGamma(parameters, 7, 4, within: (0.2, 0.15), estimator)
    }
  }

  @Test func exponentialGamma() throws {
    let objectives: [any Objective] = [
      TraceELBO(particles: 16), TraceGraphELBO(particles: 16), RenyiELBO(alpha: 0.2, particles: 3),
      ReweightedWakeSleep(particles: 3), TraceEnumELBO(particles: 16),
    ]
    let estimators: [Estimator] =
      objectives.map { ($0, nil) } + objectives.map { ($0, .scoreFunction) }
      + [(TraceGraphELBO(particles: 1), .baseline(.decayingAverage()))]
    for estimator in estimators {
      let parameters = try Self.fit(
        estimator,
        {
          copied {
            let rate = sample("rate", Gamma(1, 1))
            plate("rows", 2, axis: -1) { _ = sample("x", Exponential(rate), observed: [3, 2]) }
          }
        }, guide: Self.gammaGuide(3, 6), rate: 0.01, steps: 4000)
      Self.expectGamma(parameters, 3, 6, within: (0.2, 0.2), estimator)
    }
  }

  @Test func bernoulliBeta() throws {
    let estimators: [Estimator] = [
      (TraceELBO(particles: 1), nil), (TraceELBO(particles: 4), .scoreFunction),
      (TraceGraphELBO(particles: 4), .scoreFunction), (RenyiELBO(particles: 2), .scoreFunction),
      (ReweightedWakeSleep(particles: 2), nil),
    ]
    for estimator in estimators {
      let parameters = try Self.fit(
        estimator,
        {
          copied {
            let p = sample("p", Beta(1, 1))
            plate("rows", 4, axis: -1) {
              _ = sample("x", Bernoulli(probs: p), observed: [0, 1, 1, 1])
            }
          }
        },
        guide: { infer in
          let a = exp(param("log a", Tensor(scalar: log(4.0) + 0.17)))
          let b = exp(param("log b", Tensor(scalar: log(2.0) + 0.143)))
          copied { _ = sample("p", Beta(a, b), infer: infer) }
        }, rate: 0.01, steps: estimator.infer == nil ? 1200 : 4000)
      Self.expect([parameters.scalar("log a")], [log(4)], within: 0.08, estimator)
      Self.expect([parameters.scalar("log b")], [log(2)], within: 0.08, estimator)
    }
  }

  // MARK: A coin

  private static let tosses = Tensor([1.0, 1, 1, 1, 1, 1, 0, 0, 0, 0])

  /// Six heads of ten with the prior Beta(10, 10): mode 15/28, evidence in closed form.
  @Test func coinWithPrior() throws {
    let model = {
      let p = sample("p", Beta(10, 10))
      plate("tosses", 10) { _ = sample("x", Bernoulli(probs: p), observed: Self.tosses) }
    }
    let mode = try SVI(
      model, guide: { sample("p", Delta(param("mode", 0.5, constraint: .unitInterval))) },
      optimizer: Adam(.cosine(0.1, steps: 400)))
    expectClose([try mode.evaluateLoss()], [5.6718918], within: .relative(0, absolute: 1e-7))
    try mode.run(steps: 400, showsProgress: false)
    expectClose([mode.parameters.scalar("mode")], [15.0 / 28], within: .relative(1e-6))
    expectClose([try mode.evaluateLoss()], [5.6004023943], within: .relative(0, absolute: 1e-9))
    let posterior = try SVI(
      model, guide: { _ = sample("p", Beta(16, 14)) }, optimizer: Adam(0),
      loss: RenyiELBO(particles: 3))
    expectClose([try posterior.step()], [7.0693745032], within: .relative(0, absolute: 1e-9))
  }

  /// Maximum likelihood: a parameter of the model, and nothing to draw.
  @Test func coinWithoutPrior() throws {
    for objective: any Objective in [
      TraceELBO(), TraceGraphELBO(), TraceMeanFieldELBO(), RenyiELBO(), ReweightedWakeSleep(),
    ] {
      let svi = try SVI(
        {
          let p = param("p", 0.5, constraint: .unitInterval)
          plate("tosses", 10) { _ = sample("x", Bernoulli(probs: p), observed: Self.tosses) }
        }, guide: {}, optimizer: Adam(.cosine(0.1, steps: 400)), loss: objective)
      expectClose([try svi.evaluateLoss()], [6.9314718], within: .relative(0, absolute: 1e-7))
      try svi.run(steps: 400, showsProgress: false)
      expectClose([svi.parameters.scalar("p")], [0.6], within: .relative(1e-6), "\(objective)")
      expectClose([try svi.evaluateLoss()], [6.7301166701], within: .relative(0, absolute: 1e-9))
    }
  }

  // MARK: Chains

  /// A chain of normals drawn from its end. About a third of the links are reparameterised, or all.
  @Test(arguments: [3, 5]) func chain(_ count: Int) throws {
    let chain = GaussianChain(count)
    let exact = chain.posterior
    for infer in [nil, InferConfig.baseline(.decayingAverage())] {
      let estimator: Estimator = (TraceGraphELBO(particles: 8), infer)
      let parameters = try Self.fit(
        estimator, chain.model,
        guide: { infer in
          let locs = (0..<count).map { param("loc\($0)", Tensor(scalar: exact.locs[$0] - 0.53)) }
          let slopes = (0..<count - 1).map {
            param("slope\($0)", Tensor(scalar: exact.slopes[$0] - 0.53))
          }
          let scales = (0..<count).map {
            exp(param("log scale\($0)", Tensor(scalar: log(exact.scales[$0]) - 0.53)))
          }
          chain.guide(locs, slopes, scales) { $0 % 3 == 1 ? nil : infer }
        }, rate: 0.05, steps: 4000)
      for index in 0..<count {
        Self.expect(
          [parameters.scalar("loc\(index)")], [exact.locs[index]], within: 0.1, estimator)
        Self.expect(
          [parameters.scalar("log scale\(index)")], [log(exact.scales[index])], within: 0.1,
          estimator)
      }
      for index in 0..<count - 1 {
        Self.expect(
          [parameters.scalar("slope\(index)")], [exact.slopes[index]], within: 0.1, estimator)
      }
    }
  }

  /// The posterior as it is known from elsewhere.
  @Test func chainPosterior() {
    let three = GaussianChain(3)
    let exact = three.posterior
    expectClose(
      exact.locs + exact.slopes + exact.scales.map { log($0) },
      [
        0.0666667, 0.0363636, 0.0621978, 0.6666667, 0.8181818, -0.2027326, -0.3030679, -1.0564821,
      ], within: .relative(0, absolute: 6e-8))
    expectClose(
      [three.logEvidence, GaussianChain(5).logEvidence], [-4.0459361, -4.5552853],
      within: .relative(0, absolute: 6e-8))
  }
}

/// Sixteen copies, outside of any other plate.
private func copied(_ body: () -> Void) { plate("copies", 16, axis: -2, body) }
