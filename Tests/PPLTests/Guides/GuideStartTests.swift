import Foundation
import TestSupport
import Testing

@testable import PPL

/// The normal distribution that a fit starts at.
@Suite struct GuideStartTests {
  // MARK: The inverse Hessian of a path

  /// Points of a path on a convex function that is not quadratic.
  private static func path(_ dimension: Int, steps: Int) -> [SmoothFunction.Point] {
    var generator = SeededGenerator(seed: 4)
    let weights = generator.uniform(dimension, in: 0.2...5)
    return (0...steps).map { _ in
      let position = generator.uniform(dimension, in: -2...2)
      let gradient = position.indices.map {
        weights[$0] * position[$0] + pow(position[$0], 3) + 0.3 * position.reduce(0, +)
      }
      return SmoothFunction.Point(position: position, value: 0, gradient: gradient)
    }
  }

  /// H by the recursion H ← (I − ρsyᵀ) H (I − ρysᵀ) + ρssᵀ from the diagonal (Nocedal & Wright 2006,
  /// equation 7.16).
  private static func recursion(_ memory: StepMemory) -> Tensor {
    let n = memory.diagonal.count
    var matrix = Tensor(memory.diagonal).embeddingDiagonal()
    for (step, change) in zip(memory.steps, memory.changes) {
      let (s, y) = (Tensor(step), Tensor(change))
      let rho = 1 / zip(step, change).reduce(0) { $0 + $1.0 * $1.1 }
      let left = Tensor.eye(n) - rho * outer(s, y)
      matrix = matmul(matmul(left, matrix), left.transposed()) + rho * outer(s, s)
    }
    return matrix
  }

  @Test(arguments: [(2, 3), (3, 2), (7, 5), (20, 12)])
  func inverseHessian(_ dimension: Int, _ steps: Int) {
    let path = Self.path(dimension, steps: steps)
    var memory = StepMemory(scales: [Double](repeating: 1, count: dimension))
    for (old, new) in zip(path, path.dropFirst()) { memory.append(from: old, to: new) }
    #expect(memory.steps.count == min(steps, 6, dimension / 2))
    let (exact, hessian) = (Self.recursion(memory), InverseHessian(memory))
    let size = abs(exact).max().scalar()
    expectClose(hessian.matrix, exact.array(), within: .relative(0, absolute: 1e-11 * size))
    let vector = Tensor(path[0].position)
    expectClose(
      hessian.product(vector), matmul(exact, vector).array(),
      within: .relative(0, absolute: 1e-10 * size))
    expectClose(
      hessian.logScale, [0.5 * logdet(exact).scalar()], within: .relative(0, absolute: 1e-10))
    let scales = 1 / sqrt(inverse(exact).diagonal())
    expectClose(hessian.conditionalScales, scales.array(), within: .relative(1e-9))
  }

  /// Along an axis of a quadratic function the diagonal estimate becomes the exact inverse there.
  @Test func diagonalEstimate() {
    let curvature = [4.0, 0.25, 100]
    var memory = StepMemory(scales: [1, 1, 1])
    func point(_ position: [Double]) -> SmoothFunction.Point {
      .init(position: position, value: 0, gradient: zip(position, curvature).map { $0 * $1 })
    }
    for axis in 0..<3 {
      var end = [0.0, 0, 0]
      end[axis] = 1
      memory.append(from: point([0, 0, 0]), to: point(end))
      expectClose([memory.diagonal[axis]], [1 / curvature[axis]], within: .relative(1e-12))
    }
    #expect(memory.diagonal.allSatisfy { $0 > 0 })
    // A step along which the function is not convex is passed over.
    let before = memory.diagonal
    memory.append(
      from: point([0, 0, 0]),
      to: .init(position: [1, 0, 0], value: 0, gradient: [-1, 0, 0]))
    #expect(memory.diagonal == before)
  }

  // MARK: Normal targets

  /// A normal density of three coordinates with scales from 10⁻⁴ to 10⁴ and correlations of 0.99, over
  /// sites in other units: the log evidence is 0.
  private static let scales: [Double] = [1e-4, 1, 1e4]
  private static let means: [Double] = [3, -2e3, 5e4]

  private static func covariance() -> Tensor {
    let s = Tensor(scales)
    return outer(s, s) * (0.99 + 0.01 * Tensor.eye(3))
  }

  private static let stretched: @Sendable () -> Void = {
    sample("z", MultivariateNormal(Tensor(means), covariance: covariance()))
  }

  private static func found(
    _ model: @escaping () -> Void, _ start: GuideStart = .gaussian(), seed: Int = 0
  ) throws -> FoundStart {
    try start.found(model, LatentLayout(model, dtype: .float64), seed: seed)
  }

  @Test(arguments: 0..<5) func findsNormals(_ seed: Int) throws {
    let found = try Self.found(Self.stretched, seed: seed)
    let fit = try #require(found.fit)
    let covariance = Self.covariance()
    let units = Tensor(Self.scales)
    expectClose(
      (fit.mean - Tensor(Self.means)) / units, [0, 0, 0], within: .relative(0, absolute: 1e-4))
    let relative = matmul(fit.scaleTril, fit.scaleTril.transposed()) / outer(units, units)
    let exact = covariance / outer(units, units)
    expectClose(relative, exact.array(), within: .relative(0, absolute: 1e-4))
    let conditional = 1 / sqrt(inverse(covariance).diagonal())
    expectClose(
      fit.conditionalScales / conditional, [1, 1, 1], within: .relative(0, absolute: 1e-3))
    guard case .gaussian(let elbo, let pointELBO, let paths, let evaluations) = found.report else {
      Issue.record("\(found.report)")
      return
    }
    #expect(elbo.magnitude < 1e-3 && pointELBO < -1e3)
    #expect(paths >= 1 && paths <= 4 && evaluations > 10)
  }

  /// Started there a guide needs no step.
  @Test func guidesStartThere() throws {
    func elbo(_ guide: some Guide) throws -> Double {
      try SVI(Self.stretched, guide, optimizer: Adam(0)).run(steps: 0, showsProgress: false)
        .elbo(particles: 2000).mean
    }
    #expect(try elbo(MultivariateNormalGuide()).magnitude < 1e-3)
    // Independent normals: the optimum is ½ log det of the precision's correlations below.
    let precision = inverse(Self.covariance())
    let best = 0.5 * (logdet(precision) - log(precision.diagonal()).sum()).scalar()
    #expect((try elbo(DiagonalNormalGuide()) - best).magnitude < 0.2)
    #expect((try elbo(NormalGuide()) - best).magnitude < 0.2)
    // One factor is all that equal correlations need.
    #expect(try elbo(LowRankMultivariateNormalGuide(rank: 1)).magnitude < 0.01)
  }

  @Test func reproducible() throws {
    func points(_ seed: Int) throws -> [Double] {
      try Self.found(Self.stretched, seed: seed).point
    }
    #expect(try points(3) == points(3))
    #expect(try points(3) != points(4))
  }

  /// One coordinate, and more than the exact Hessian is taken of.
  @Test(arguments: [1, 2, 60, 450]) func dimensions(_ dimension: Int) throws {
    let scales = Tensor((0..<dimension).map { Foundation.exp(Double($0 % 7) - 3) })
    let found = try Self.found({ _ = sample("z", Normal(5, scales).toEvent(1)) })
    let fit = try #require(found.fit)
    expectClose(
      (fit.mean - 5) / scales, Tensor.zeros([dimension]).array(),
      within: .relative(0, absolute: 0.1))
    #expect(log(fit.conditionalScales / scales).array().allSatisfy { $0.magnitude < 0.5 })
  }

  /// A chain's covariance is that of a chain; without parents marginal variances are left, and with one
  /// of two what the other explains by it.
  @Test func dependences() throws {
    let scales = [1.0, 2, 3, 4]
    let chain = scales.indices.map { row in
      scales.indices.map { column -> Double in
        let correlation = Foundation.pow(0.6, Double((row - column).magnitude))
        return correlation * scales[row] * scales[column]
      }
    }
    let fit = NormalFit(
      mean: Tensor.zeros([4]), scaleTril: cholesky(Tensor(chain.flatMap { $0 }, shape: [4, 4])))
    func covariance(_ parents: [Set<Int>]) -> Tensor {
      let factor = fit.following(
        parents.map { set in (0..<4).map { set.contains($0) } }
      ).scaleTril
      return matmul(factor, factor.transposed())
    }
    let all = chain.flatMap { $0 }
    expectClose(covariance([[], [0], [1], [2]]), all, within: .relative(1e-13))
    expectClose(covariance([[], [0], [0, 1], [0, 1, 2]]), all, within: .relative(1e-13))
    expectClose(
      covariance([[], [], [], []]), Tensor.eye(4) * Tensor([1.0, 4, 9, 16]),
      within: .relative(1e-13))
    // The third follows the first alone, the others nothing: one covariance is left.
    let one = covariance([[], [], [0], []])
    var expected = [1.0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 9, 0, 0, 0, 0, 16]
    expected[2] = chain[0][2]
    expected[8] = chain[2][0]
    expectClose(one, expected, within: .relative(1e-13, absolute: 1e-14))
  }

  @Test func marginals() {
    let root = tril(Tensor([2, 0, 0, 1, 3, 0, -1, 0.5, 1], shape: [3, 3]))
    let fit = NormalFit(mean: Tensor([1.0, 2, 3]), scaleTril: root)
    let part = fit.marginal([2..<3, 0..<1])
    expectClose(part.mean, [3, 1])
    let covariance = matmul(part.scaleTril, part.scaleTril.transposed())
    expectClose(covariance, [2.25, -2, -2, 4], within: .relative(0, absolute: 1e-14))
    expectClose(part.scaleTril.rows()[0][1...].map { Tensor($0) }[0], [0])
    expectClose(
      fit.narrowed(by: 0.5).scaleTril, (0.5 * root).array(), within: .relative(1e-15))
  }

  // MARK: Skewed targets

  /// A funnel whose density grows without bound towards the neck, where paths end: the normal
  /// distribution taken is not the one at the end, and better than the start without it.
  @Test func funnel() throws {
    let found = try Self.found {
      let v = sample("v", Normal(0, 3))
      sample("x", Normal(0, exp(0.5 * v)).expanded(to: [9]).toEvent(1))
    }
    guard case .gaussian(let elbo, let pointELBO, _, _) = found.report else {
      Issue.record("\(found.report)")
      return
    }
    #expect(elbo > pointELBO && elbo < 0.1)
    #expect(found.point[0] > -20)
  }

  // MARK: Rejected starts

  private static func report(_ model: @escaping () -> Void) throws -> StartReport? {
    try SVI(model, DiagonalNormalGuide(), optimizer: Adam(0.1)).run(steps: 1, showsProgress: false)
      .start
  }

  private static func expectRejected(
    _ report: StartReport?, _ word: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard case .rejected(let reason) = report else {
      Issue.record("\(String(describing: report))", sourceLocation: sourceLocation)
      return
    }
    #expect(reason.contains(word), "\(reason)", sourceLocation: sourceLocation)
  }

  @Test func noCurvature() throws {
    Self.expectRejected(
      try Self.report { _ = sample("flat", ImproperUniform(.real)) }, "no path")
  }

  @Test func notFinite() throws {
    // Finite at the feasible value 0 alone.
    Self.expectRejected(
      try Self.report {
        let z = sample("z", Normal(0, 1))
        factor("wall", `where`(abs(z) .< 0.01, 0, Tensor(floatLiteral: -.infinity)))
      }, "path")
  }

  @Test func branches() throws {
    Self.expectRejected(
      try Self.report {
        let z = sample("z", Normal(0, 1))
        if z.scalar() > 0 { sample("x", Normal(z, 1), observed: 1) }
      }, "reads")
  }

  @Test func subsets() throws {
    Self.expectRejected(
      try Self.report {
        let z = sample("z", Normal(0, 1))
        plate("rows", 4, subsampleSize: 2) { rows in
          sample("x", Normal(z, 1), observed: Tensor([1.0, 2, 3, 4])[rows])
        }
      }, "subset")
  }

  @Test func asGiven() throws {
    let model = { _ = sample("z", LogNormal(0, 1)) }
    let guide = DiagonalNormalGuide(start: .at(.values(["z": 3]), scale: 0.01))
    let fit = try SVI(model, guide, optimizer: Adam(0)).run(steps: 0, showsProgress: false)
    #expect(fit.start == .asGiven)
    expectClose(try fit.median()[0].value, [3], within: .relative(1e-12))
    let high = try fit.quantiles([0.841344746068543])[0].values
    expectClose(high, [3 * Foundation.exp(0.01)], within: .relative(1e-10))
  }

  @Test func descriptions() throws {
    let report = try Self.report { _ = sample("z", Normal(0, 1)) }
    #expect("\(report!)".contains("ELBO"))
    #expect("\(StartReport.rejected("because"))".contains("because"))
  }
}
