import TestSupport
import Testing

@testable import PPL

@Suite struct LBFGSTests {
  /// Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², least where all are 1.
  private static func rosenbrock(_ x: Tensor) -> Tensor {
    let (left, right) = (x.slice(0..<x.count - 1), x.slice(1..<x.count))
    return (100 * square(right - square(left)) + square(1 - left)).sum()
  }

  @Test(arguments: [[-1.2, 1], [0, 0], [-3, -4], [30, 40]])
  func rosenbrock2(_ start: [Double]) throws {
    let minimum = try LBFGS().minimize(from: Tensor(start), Self.rosenbrock)
    #expect(minimum.hasConverged && minimum.gradientNorm <= 1e-8)
    expectClose(minimum.parameters, [1, 1], within: .relative(1e-7))
    #expect(minimum.value < 1e-15)
    #expect(minimum.iterations < 150, "\(minimum.iterations)")
  }

  @Test(arguments: [3, 10, 30]) func rosenbrock10(_ history: Int) throws {
    let minimum = try LBFGS(history: history).minimize(from: Tensor.zeros([10]), Self.rosenbrock)
    #expect(minimum.hasConverged)
    expectClose(minimum.parameters, [Double](repeating: 1, count: 10), within: .relative(1e-7))
    #expect(minimum.iterations < 150, "\(minimum.iterations)")
  }

  @Test func singlePrecision() throws {
    let start = Tensor.zeros([10], dtype: .float32)
    let minimum = try LBFGS().minimize(from: start, Self.rosenbrock)
    #expect(minimum.parameters.dtype == .float32)
    expectClose(minimum.parameters, [Double](repeating: 1, count: 10), within: .relative(2e-3))
    // Far below the rounding error of its value there is nothing to gain any more.
    let rates = Tensor((1...10).map(Double.init), dtype: .float32)
    let shifted = try LBFGS(gradientTolerance: 1e-12).minimize(from: start) { x in
      1000 + (exp(x) - rates * x).sum()
    }
    #expect(shifted.hasConverged && shifted.iterations < 40)
    expectClose(
      shifted.parameters, log(rates).array(), within: .relative(0, absolute: 2e-3))
  }

  /// ½ (x − c)ᵀ A (x − c) + offset with A = Q diag(λ) Q, Q a reflection, λ from 10⁻⁴ to 10⁴.
  ///
  /// With an offset the value cannot be known better than its rounding error allows.
  @Test(arguments: [0, 123.0], [20, 40])
  func illConditioned(_ offset: Double, _ history: Int) throws {
    let dimension = 16
    var generator = SeededGenerator(seed: 3)
    let axis = Tensor(generator.signed(dimension, magnitude: 0.5...1))
    let center = Tensor(generator.uniform(dimension, in: -2...2))
    let curvatures = exp(
      Tensor((0..<dimension).map { -1 + 2 * Double($0) / Double(dimension - 1) })
        * (4 * log(Tensor(10.0))))
    func turned(_ x: Tensor) -> Tensor {
      x - (2 * (axis * x).sum() / square(axis).sum()) * axis
    }
    let minimum = try LBFGS(history: history).minimize(from: Tensor.zeros([dimension])) { x in
      0.5 * (curvatures * square(turned(x - center))).sum() + offset
    }
    #expect(minimum.hasConverged)
    #expect(minimum.value - offset < (offset == 0 ? 1e-15 : 1e-9))
    expectClose(
      minimum.parameters, center.array(), within: .relative(0, absolute: offset == 0 ? 1e-4 : 1e-2))
  }

  private struct Logistic: Decodable {
    let features: [[Double]]
    let labels: [Double]
    let spread: Double
    let minimum: [Double]
    let value: Double
  }

  /// The most probable weights of a logistic regression with badly scaled columns, as by SciPy.
  @Test func logisticRegression() throws {
    let golden = try Golden.load("minima.json", as: Logistic.self)
    let (features, labels) = (Tensor(golden.features), Tensor(golden.labels))
    let found = try LBFGS().minimize(from: Tensor.zeros([golden.minimum.count])) { weights in
      let logits = matmul(features, weights)
      return (softplus(logits) - labels * logits).sum()
        + square(weights / golden.spread).sum() / 2
    }
    #expect(found.hasConverged)
    expectClose(found.parameters, golden.minimum, within: .relative(1e-7))
    expectClose([found.value], [golden.value], within: .relative(1e-14))
  }

  /// The conditions that every step has to satisfy, at values and gradients computed anew.
  @Test func path() throws {
    let start = Tensor([-1.2, 1, 0.3, -0.7, 2])
    let minimum = try LBFGS().minimize(from: start, Self.rosenbrock)
    let path = minimum.path
    #expect(path.count == minimum.iterations + 1)
    #expect(path[0].parameters.array() == start.array())
    #expect(path[path.count - 1].parameters.array() == minimum.parameters.array())
    #expect(path[path.count - 1].gradientNorm == minimum.gradientNorm)
    for point in path {
      let value = Self.rosenbrock(point.parameters)
      expectClose([point.value], [value.scalar()], within: .relative(1e-14))
      expectClose(
        point.gradient, gradient(of: value, withRespectTo: point.parameters).array(),
        within: .relative(1e-11, absolute: 1e-11))
    }
    for (old, new) in zip(path, path.dropFirst()) where new.value > 1e-12 {
      let step = (new.parameters - old.parameters).array()
      let (before, after) = (old.gradient.array().dot(step), new.gradient.array().dot(step))
      #expect(before < 0)
      #expect(new.value <= old.value + 1e-4 * before + 1e-14)
      #expect(after.magnitude <= 0.9 * before.magnitude)
    }
  }

  /// The first step from 0.5 leads below zero, where the logarithm is not a number.
  @Test(arguments: [DType.float32, .float64]) func notANumberOnTheWay(_ dtype: DType) throws {
    let rates = Tensor([10, 3, 50], dtype: dtype)
    let start = Tensor([0.5, 0.4, 0.6], dtype: dtype)
    func objective(_ x: Tensor) -> Tensor { (rates * x - log(x)).sum() }
    let slope = gradient(of: objective(start), withRespectTo: start).array()
    let first = zip(start.array(), slope).map { $0 - $1 / slope.dot(slope).squareRoot() }
    #expect(objective(Tensor(first, dtype: dtype)).scalar().isNaN)
    let minimum = try LBFGS().minimize(from: start, objective)
    #expect(minimum.path.allSatisfy { $0.value.isFinite })
    expectClose(
      minimum.parameters, [0.1, 1.0 / 3, 0.02],
      within: .relative(dtype == .float64 ? 1e-8 : 1e-3))
  }

  /// So are steps to an infinite value, and to a finite one with a gradient that is none.
  @Test func infiniteOnTheWay() throws {
    func walls(_ x: Tensor) -> Tensor {
      `where`(x .< 0, Tensor(Double.infinity), square(x - 0.1)).sum()
    }
    let wall = try LBFGS().minimize(from: [0.9, 0.7], walls)
    expectClose(wall.parameters, [0.1, 0.1], within: .relative(1e-8))
    // √(x²) has no derivative at 0, where the first step leads.
    let kink = try LBFGS(maxIterations: 50).minimize(from: [1]) { x in
      (sqrt(square(x)) + square(x - 3) / 100).sum()
    }
    #expect(kink.path.allSatisfy { $0.gradient.array().allSatisfy(\.isFinite) })
    #expect(kink.value < 0.2)
  }

  /// A function without a minimum: the search ends, and says that it found none.
  @Test func unbounded() throws {
    let minimum = try LBFGS(maxIterations: 60).minimize(from: [1, 2]) { -exp($0).sum() }
    #expect(!minimum.hasConverged && minimum.value.isFinite && minimum.value < -1e6)
    let line = try LBFGS(maxIterations: 7).minimize(from: [1, 2]) { $0.sum() }
    #expect(!line.hasConverged && line.iterations <= 7)
  }

  @Test func iterationLimit() throws {
    let short = try LBFGS(maxIterations: 5).minimize(from: [-1.2, 1], Self.rosenbrock)
    #expect(short.iterations == 5 && !short.hasConverged)
    let long = try LBFGS().minimize(from: [-1.2, 1], Self.rosenbrock)
    for (one, other) in zip(short.path, long.path) {
      #expect(one.parameters.array() == other.parameters.array())
    }
    let none = try LBFGS(maxIterations: 0).minimize(from: [-1.2, 1], Self.rosenbrock)
    #expect(none.iterations == 0 && none.parameters.array() == [-1.2, 1])
  }

  /// From the minimum nothing is left to do; loose tolerances end the search early.
  @Test func tolerances() throws {
    let still = try LBFGS().minimize(from: [1, 1], Self.rosenbrock)
    #expect(still.iterations == 0 && still.hasConverged)
    func bowl(_ x: Tensor) -> Tensor { 10 + (exp(x) + exp(-0.1 * x)).sum() }
    let start = Tensor([3.0, -2, 1])
    let tight = try LBFGS().minimize(from: start, bowl)
    let loose = try LBFGS(gradientTolerance: 0.1).minimize(from: start, bowl)
    #expect(loose.hasConverged && loose.gradientNorm <= 0.1 && loose.gradientNorm > 1e-8)
    #expect(loose.iterations < tight.iterations)
    let stalled = try LBFGS(gradientTolerance: 0, valueTolerance: 1e-3).minimize(
      from: start, bowl)
    #expect(stalled.hasConverged && stalled.gradientNorm > 0)
    let values = stalled.path.map(\.value)
    let gains = zip(values, values.dropFirst()).map { ($0 - $1) / $1 }
    #expect(gains.suffix(3).allSatisfy { $0 <= 1e-3 } && gains.dropLast(3).last! > 1e-3)
  }

  /// Any shape will do, and the parameters come back in it.
  @Test func shapes() throws {
    let target = Tensor([[1.0, 2, 3], [-4, 5, -6]])
    let minimum = try LBFGS().minimize(from: Tensor.zeros([2, 3])) { x in
      square(x - target).sum() + 1
    }
    expectClose(minimum.parameters, target, within: .relative(1e-8))
    #expect(minimum.path[0].gradient.shape == [2, 3])
    let scalar = try LBFGS().minimize(from: 2) { square($0 + 1) }
    expectClose(scalar.parameters, [-1], shape: [], within: .relative(1e-8))
  }

  private struct Refusal: Error {}

  @Test func errors() {
    #expect(throws: MinimizationError.notFiniteAtStart(value: -.infinity)) {
      try LBFGS().minimize(from: [0, 1]) { log($0).sum() }
    }
    #expect(throws: MinimizationError.notFiniteAtStart(value: 0)) {
      try LBFGS().minimize(from: [0]) { sqrt($0).sum() }
    }
    #expect(throws: CompileError.self) {
      try LBFGS().minimize(from: [1]) { $0.scalar() > 0 ? $0.sum() : -$0.sum() }
    }
    #expect(throws: Refusal.self) { try LBFGS().minimize(from: [1]) { _ in throw Refusal() } }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(history: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(maxIterations: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(gradientTolerance: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(valueTolerance: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try LBFGS().minimize(from: [1, 2]) { $0 }
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try LBFGS().minimize(from: Tensor([1, 2] as [Int])) { square($0).sum() }
      })
  }
}
