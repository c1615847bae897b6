import FlowGuides
import Foundation
import TestSupport
import Testing

/// Gradient estimators of the objectives.
@Suite struct EstimatorTests {
  /// Moves nothing, and reports the mean gradient.
  struct MeanGradient: Optimizer {
    func initialState(_ parameters: Tensor) -> [Tensor] {
      [Tensor.zeros(parameters.shape, dtype: parameters.dtype)]
    }

    func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
      -> (parameters: Tensor, state: [Tensor])
    {
      (parameters, [state[0] + (gradient - state[0]) / (step + 1)])
    }

    func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor { state[0] }
  }

  private static func gradient(
    _ model: @escaping () -> Void, _ guide: @escaping () -> Void, _ loss: any Objective,
    steps: Int = 1, seed: Int = 0
  ) throws -> [Double] {
    let fit = try SVI(model, guide: guide, optimizer: MeanGradient(), loss: loss, seed: seed)
      .run(steps: steps, showsProgress: false)
    return fit.parameters.names.flatMap { fit.parameters[$0]?.array() ?? [] }
  }

  /// A chain whose posterior is known, with a free parameter in the model.
  private static let model: @Sendable () -> Void = {
    let shift = param("shift", 0.4)
    let a = sample("a", Normal(shift, 1))
    plate("p", 3) {
      let b = sample("b", Normal(2 * a, 0.5))
      sample("x", Normal(b, 1), observed: Tensor([1.0, -0.5, 2]))
    }
  }

  /// The normal guides of the same form; at the right numbers, the posterior itself.
  private static func guide(_ off: Double) -> @Sendable () -> Void {
    // b | a, x has precision 1/0.25 + 1; a | x sees each x with variance 1.25.
    let (precision, data) = (1 + 3 * 4 / 1.25, [1.0, -0.5, 2])
    let mean = (0.4 + 2 * data.reduce(0, +) / 1.25) / precision
    return {
      let m = param("m", Tensor(mean + off))
      let s = param("s", Tensor(-0.5 * log(precision) + off))
      let a = sample("a", Normal(m, exp(s)))
      plate("p", 3) {
        let slope = param("slope", Tensor(1.6 - off))
        let s = param("t", Tensor(-0.5 * log(5) + off))
        sample("b", Normal(slope * a + 0.2 * Tensor(data), exp(s)))
      }
    }
  }

  private static let model2: @Sendable () -> Void = {
    let a = sample("a", Normal(0.4, 1))
    plate("p", 3) {
      let b = sample("b", Normal(2 * a, 0.5))
      sample("x", Normal(b, 1), observed: Tensor([1.0, -0.5, 2]))
    }
  }

  /// Where the guide is the posterior, the gradient without the score is zero for every draw, also
  /// where one draw depends on another; that of the estimate itself is not.
  @Test func noVarianceAtThePosterior() throws {
    for seed in 0..<3 {
      let (model, guide) = (Self.model2, Self.guide(0))
      let total = try Self.gradient(model, guide, TraceELBO(particles: 2), seed: seed)
      #expect(total.contains { $0.magnitude > 0.01 })
      let landing = try Self.gradient(
        model, guide, TraceELBO(particles: 2, estimator: .stickingTheLanding), seed: seed)
      #expect(landing.allSatisfy { $0.magnitude < 1e-12 }, "\(landing)")
      for alpha in [0, 0.5] {
        let twice = try Self.gradient(
          model, guide,
          RenyiELBO(alpha: alpha, particles: 3, estimator: .doublyReparameterized), seed: seed)
        #expect(twice.allSatisfy { $0.magnitude < 1e-12 }, "\(twice)")
      }
    }
  }

  /// The mean of each estimator's gradient is that of the total one: |z| < 5.2 for five parameters
  /// and three objectives fails once in a million. A factor of two in a score is off by more than
  /// twenty standard errors where the gradient is large.
  @Test(arguments: [0, 1, 2]) func means(_ objective: Int) throws {
    let pairs: [(any Objective, any Objective)] = [
      (TraceELBO(particles: 4), TraceELBO(particles: 4, estimator: .stickingTheLanding)),
      (RenyiELBO(particles: 4), RenyiELBO(particles: 4, estimator: .doublyReparameterized)),
      (
        RenyiELBO(alpha: 0.5, particles: 4),
        RenyiELBO(alpha: 0.5, particles: 4, estimator: .doublyReparameterized)
      ),
    ]
    func runs(_ loss: any Objective) throws -> [[Double]] {
      try (0..<24).map {
        try Self.gradient(Self.model, Self.guide(0.2), loss, steps: 1500, seed: $0)
      }
    }
    let (total, path) = (try runs(pairs[objective].0), try runs(pairs[objective].1))
    var large = 0
    for index in total[0].indices {
      let (a, b) = (Self.moments(total.map { $0[index] }), Self.moments(path.map { $0[index] }))
      let error = (a.error * a.error + b.error * b.error).squareRoot()
      #expect((a.mean - b.mean).magnitude < 5.2 * error, "\(index): \(a) \(b)")
      if a.mean.magnitude > 20 * error { large += 1 }
    }
    #expect(large >= 2)
  }

  private static func moments(_ values: [Double]) -> (mean: Double, error: Double) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    return (mean, (variance / count).squareRoot())
  }

  /// Data in plates that enclose every site have a bound of their own each: the doubly
  /// reparameterised gradient is the sum of theirs.
  @Test func boundsOfCopies() throws {
    let data = Tensor([1.0, -0.5, 2])
    func model(_ rows: Range<Int>) -> () -> Void {
      {
        plate("p", rows.count) {
          let b = sample("b", Normal(0.3, 0.5))
          sample("x", Normal(b, 1), observed: data.slice(rows))
        }
      }
    }
    func guide(_ rows: Range<Int>) -> () -> Void {
      {
        let m = param("m", Tensor([0.1, 0.2, 0.3]))
        plate("p", rows.count) { sample("b", Normal(m.slice(rows), 0.6)) }
      }
    }
    let loss = RenyiELBO(particles: 8, estimator: .doublyReparameterized)
    func runs(_ rows: Range<Int>) throws -> [[Double]] {
      try (0..<16).map {
        try Self.gradient(model(rows), guide(rows), loss, steps: 1000, seed: $0)
      }
    }
    let all = try runs(0..<3)
    for row in 0..<3 {
      let one = try runs(row..<row + 1)
      let (a, b) = (Self.moments(all.map { $0[row] }), Self.moments(one.map { $0[row] }))
      let error = (a.error * a.error + b.error * b.error).squareRoot()
      #expect((a.mean - b.mean).magnitude < 5.2 * error, "\(row): \(a) \(b)")
    }
  }

  /// A fit of a flow guide by sticking the landing: its noise goes away as the guide gets better.
  @Test func flowGuide() throws {
    let target = {
      let v = sample("v", Normal(0, 1))
      sample("w", Normal(0.5 * v, 0.7))
    }
    func fit(_ estimator: TraceELBO.Estimator) throws -> (mean: Double, error: Double) {
      try SVI(
        target, FlowGuide(flow: .iaf(hidden: [8])), optimizer: Adam(0.01),
        loss: TraceELBO(particles: 4, estimator: estimator)
      ).run(steps: 2000, showsProgress: false).elbo(particles: 2000)
    }
    let (total, landing) = (try fit(.total), try fit(.stickingTheLanding))
    #expect(landing.mean > -0.01 && landing.mean < 5 * landing.error + 1e-12, "\(landing)")
    #expect(landing.mean > total.mean, "\(landing) \(total)")
  }

  @Test func misuse() {
    let guide = { _ = sample("n", Poisson(3), infer: .scoreFunction) }
    #expect(throws: ModelError.notReparameterized("n")) {
      try SVI(
        { sample("n", Poisson(2)) }, guide: guide, optimizer: Adam(0.1),
        loss: TraceELBO(estimator: .stickingTheLanding))
    }
  }
}
