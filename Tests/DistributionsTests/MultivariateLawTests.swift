import Foundation
import TestSupport
import Testing

@testable import Distributions

/// What must hold of any distribution of vectors or matrices.
@Suite struct MultivariateLawTests {
  /// Draws, as points of the support.
  private static func points(
    _ subject: MultivariateCase, _ distribution: any Distribution, _ shape: Shape = [4]
  ) -> Tensor {
    distribution.sample(shape, key: RandomKey(5), dtype: .float64).detached()
  }

  // MARK: Derivatives

  /// ∂ log p / ∂ (free coordinates of the parameters), to second order, against finite differences.
  @Test(arguments: MultivariateCase.all) func parameterGradients(_ subject: MultivariateCase) {
    for seed in 1...3 {
      let x = Self.points(subject, subject.distribution(seed: seed))
      checkGradients(of: subject.draw(seed: seed), "\(subject)") { [subject.make($0).logProb(x)] }
    }
  }

  /// The same of batches of parameters, where many points share each.
  @Test(arguments: MultivariateCase.all) func batchGradients(_ subject: MultivariateCase) {
    let x = Self.points(subject, subject.distribution([2]), [3])
    checkGradients(of: subject.draw([2]), "\(subject)") { [subject.make($0).logProb(x)] }
  }

  /// ∂ log p / ∂ value, along the free coordinates of the support.
  @Test(arguments: MultivariateCase.all.filter(\.hasChart))
  func valueGradients(_ subject: MultivariateCase) {
    let distribution = subject.distribution()
    let chart = distribution.support.bijector
    let free = chart.inverse(Self.points(subject, distribution)).detached()
    checkGradients(of: [free], "\(subject)") { [distribution.logProb(chart.forward($0[0]))] }
  }

  /// ∂ draw / ∂ parameters against finite differences with the same key; of parameters that go
  /// through rejection `MultivariateSamplingTests` checks the derivative.
  @Test(arguments: MultivariateCase.all) func drawGradients(_ subject: MultivariateCase) {
    #expect(subject.distribution().isReparameterized)
    let all = subject.draw()
    let varying = subject.smooth.map { $0.sorted() } ?? Array(all.indices)
    guard !varying.isEmpty else { return }
    checkGradients(of: varying.map { all[$0] }, "\(subject)") { inputs in
      var coordinates = all
      for (input, index) in zip(inputs, varying) { coordinates[index] = input }
      let (value, logProb) = subject.make(coordinates)
        .sampleAndLogProb([3], key: RandomKey(6), dtype: .float64)
      return [value, logProb]
    }
  }

  /// Points outside of the support add nothing to the gradient, in particular no NaN.
  @Test(arguments: MultivariateCase.all) func gradientsOutside(_ subject: MultivariateCase) {
    let inside = Self.points(subject, subject.distribution())
    let event = subject.distribution().eventShape
    let outside = Tensor(
      subject.outside.flatMap { $0 }, shape: [subject.outside.count] + event)
    func gradients(_ x: Tensor) -> [Tensor] {
      let coordinates = subject.draw()
      let logProb = subject.make(coordinates).logProb(x).sum()
      return gradient(of: logProb, withRespectTo: coordinates)
    }
    for (alone, among) in zip(gradients(inside), gradients(concat([inside, outside]))) {
      expectClose(
        among.array(), alone.array(), within: .relative(1e-12, absolute: 1e-12), "\(subject)")
    }
  }

  // MARK: The support

  @Test(arguments: MultivariateCase.all, [DType.float64, .float32])
  func outside(_ subject: MultivariateCase, _ dtype: DType) {
    let distribution = subject.distribution(dtype: dtype)
    for point in subject.outside {
      let x = Tensor(point, shape: distribution.eventShape, dtype: dtype)
      #expect(distribution.logProb(x).scalar() == -.infinity, "\(subject) \(point)")
    }
  }

  /// A NaN anywhere makes the density NaN, also beside an infinity.
  @Test(arguments: MultivariateCase.all) func broken(_ subject: MultivariateCase) {
    let distribution = subject.distribution()
    let point = Self.points(subject, distribution, []).array()
    for index in point.indices {
      var broken = point
      broken[index] = .nan
      #expect(
        distribution.logProb(Tensor(broken, shape: distribution.eventShape)).scalar().isNaN,
        "\(subject) \(index)")
      broken[(index + 1) % point.count] = .infinity
      #expect(
        distribution.logProb(Tensor(broken, shape: distribution.eventShape)).scalar().isNaN,
        "\(subject) \(index)")
    }
  }

  /// Draws lie in the support, and their densities are finite.
  @Test(arguments: MultivariateCase.all, [DType.float64, .float32])
  func drawsInside(_ subject: MultivariateCase, _ dtype: DType) {
    let distribution = subject.distribution(dtype: dtype)
    let draws = distribution.sample([2000], key: RandomKey(7), dtype: dtype)
    #expect(distribution.support.contains(draws).boolArray().allSatisfy { $0 }, "\(subject)")
    #expect(distribution.logProb(draws).array().allSatisfy { $0.isFinite }, "\(subject)")
  }

  /// The density over the support integrates to 1, by the chart of the support and its log
  /// determinant: the rule of trapezes over u = sinh s, which is exact to rounding for what decays.
  @Test(
    arguments: [
      (
        "MultivariateNormal",
        MultivariateNormal([0.3, -0.2], scaleTril: [[1.2, 0], [0.5, 0.7]]), 2
      ),
      (
        "MultivariateNormal, precision", MultivariateNormal(0, precision: [[2, 0.5], [0.5, 1]]), 2
      ),
      ("LowRankMultivariateNormal", LowRankMultivariateNormal(0, [[1], [0.5]], [0.4, 0.9]), 2),
      ("MultivariateStudentT", MultivariateStudentT(7, 0, scaleTril: [[1.2, 0], [0.5, 0.7]]), 2),
      ("LogisticNormal", LogisticNormal([0.3, -0.2], [1.2, 0.7]), 2),
      ("LogisticNormal of 2", LogisticNormal([0.3], [0.7]), 1),
      ("Dirichlet", Dirichlet([1.5, 0.7, 3]), 2), ("Dirichlet of 2", Dirichlet([0.7, 2.5]), 1),
      ("Relaxed", RelaxedOneHotCategorical(0.7, logits: [0.1, -1, 0.5]), 2),
      ("LKJCholesky of 2", LKJCholesky(2, 1.7), 1),
      ("LKJ of 2", LKJ(2, 0.8), 1),
      ("Wishart of 1", Wishart(3.5, scaleTril: [[1.3]]), 1),
      ("InverseWishart of 1", InverseWishart(3.5, scaleTril: [[1.3]]), 1),
      ("ZeroSumNormal", ZeroSumNormal(1.3, [3]), 2),
      ("GaussianRandomWalk", GaussianRandomWalk(0.8, steps: 2), 2),
      (
        "JointOrderStatistics",
        JointOrderStatistics(Normal(0.3, 0.8), count: 6, ranks: [2, 5]), 2
      ),
      (
        "JointOrderStatistics of an interval",
        JointOrderStatistics(Uniform(-1, 2), count: 4, ranks: [1, 2]), 2
      ),
      ("Joint", Joint([Normal(0.3, 0.8), Gamma(2.5, 1)]), 2),
      (
        "MatrixNormal",
        MatrixNormal(0, scaleTrilRow: [[0.7]], scaleTrilColumn: [[1.2, 0], [0.5, 0.7]]), 2
      ),
    ] as [(String, any Distribution, Int)])
  func normalization(_ name: String, _ distribution: any Distribution, _ dimension: Int) {
    let total = Self.integral(distribution, dimension, count: dimension == 1 ? 4000 : 700)
    #expect((total - 1).magnitude < 1e-8, "\(name): \(total)")
  }

  private static let plane = [
    MultivariateCase(
      name: "MultivariateNormal", coordinates: [[2], [2, 2]],
      make: { MultivariateNormal($0[0], scaleTril: triangle($0[1])) }, outside: []),
    MultivariateCase(
      name: "LowRankMultivariateNormal", coordinates: [[2], [2, 1], [2]],
      make: { LowRankMultivariateNormal($0[0], $0[1], exp($0[2])) }, outside: []),
    MultivariateCase(
      name: "MultivariateStudentT", coordinates: [[], [2], [2, 2]],
      make: { MultivariateStudentT(12 + 2 * $0[0], $0[1], scaleTril: triangle($0[2])) },
      outside: []),
    MultivariateCase(
      name: "LogisticNormal", coordinates: [[2], [2]],
      make: { LogisticNormal($0[0], exp(0.5 * $0[1])) }, outside: []),
    MultivariateCase(
      name: "Dirichlet", coordinates: [[3]], make: { Dirichlet(2 * exp($0[0])) }, outside: []),
    MultivariateCase(
      name: "RelaxedOneHotCategorical", coordinates: [[], [3]],
      make: { RelaxedOneHotCategorical(exp(0.5 * $0[0]), logits: $0[1]) }, outside: []),
    MultivariateCase(
      name: "ZeroSumNormal", coordinates: [[]], make: { ZeroSumNormal(exp($0[0]), [3]) },
      outside: []),
    MultivariateCase(
      name: "GaussianRandomWalk", coordinates: [[]],
      make: { GaussianRandomWalk(exp($0[0]), steps: 2) }, outside: []),
  ]

  /// Whatever the parameters.
  @Test(arguments: plane) func normalizationOfDraws(_ subject: MultivariateCase) {
    for seed in 1...10 {
      let total = Self.integral(subject.distribution(seed: seed), 2, count: 500)
      #expect((total - 1).magnitude < 1e-8, "\(subject), \(seed): \(total)")
    }
  }

  private static func integral(
    _ distribution: any Distribution, _ dimension: Int, count: Int
  ) -> Double {
    let chart = distribution.support.bijector
    let s = Tensor.linspace(-4.5, 4.5, count: count)
    let weights = cosh(s) * (9 / Double(count - 1))
    let full = Shape(repeatElement(count, count: dimension))
    func along(_ axis: Int, _ x: Tensor) -> Tensor {
      var shape = Shape(repeatElement(1, count: dimension))
      shape[axis] = count
      return x.reshaped(to: shape).broadcast(to: full)
    }
    let u = stack((0..<dimension).map { along($0, sinh(s)) }, along: -1)
      .reshaped(to: [full.elementCount, dimension])
    let weight = (0..<dimension).map { along($0, weights) }.reduce(Tensor(1.0), *)
    let points = dimension == 1 && chart.eventRank == 0 ? u.squeezing(at: -1) : u
    let (x, logDet) = chart.forwardAndLogDet(points, context: nil)
    let excess = logDet.rank - 1
    let volume = excess > 0 ? logDet.sum(axes: (1...excess).map { -$0 }) : logDet
    let matrices = x.reshaped(to: [full.elementCount] + distribution.eventShape)
    let density = exp(distribution.logProb(matrices) + volume)
    let kept = `where`(isFinite(density), density, 0)
    return (kept * weight.flattened()).sum().scalar()
  }

  /// On the circle and the sphere, by angles.
  @Test func normalizationOnSpheres() {
    for mu in [[0.0, 0], [1.5, -0.5], [-6, 8]] {
      let angles = Tensor((0..<2000).map { Double($0) * Double.pi / 1000 })
      let x = stack([cos(angles), sin(angles)], along: -1)
      let total = exp(ProjectedNormal(Tensor(mu)).logProb(x)).sum().scalar() * Double.pi / 1000
      #expect((total - 1).magnitude < 1e-12, "\(mu): \(total)")
    }
    for mu in [[0.0, 0, 0], [1.5, -0.5, 2]] {
      let angles = Tensor((0..<200).map { Double($0) * Double.pi / 100 })
      func ring(_ z: Double) -> Double {
        let r = (1 - z * z).squareRoot()
        let x = stack([r * cos(angles), r * sin(angles), 0 * angles + z], along: -1)
        return exp(ProjectedNormal(Tensor(mu)).logProb(x)).sum().scalar() * Double.pi / 100
      }
      let total = Quadrature.integrals(over: [-1...1], tolerances: [1e-11]) { [$0.map(ring)] }[0]
      #expect((total - 1).magnitude < 1e-9, "\(mu): \(total)")
    }
  }
}
