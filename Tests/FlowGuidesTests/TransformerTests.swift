import FlowGuides
import Foundation
import TestSupport
import Testing

/// What every transformer promises, at random parameters.
@Suite struct TransformerTests {
  private static let cases = TransformerCase.all

  /// f⁻¹(f(x)) = x and f(f⁻¹(y)) = y, and the inverse's log determinant is the negated one.
  @Test(arguments: cases) func roundTrip(_ subject: TransformerCase) {
    subject.withWeights {
      for seed in 1...4 {
        let parameters = subject.parameters(seed, [25, 1])
        let x = subject.points(seed, [25, 20])
        let (y, logDet) = subject.transformer.forwardAndLogDet(x, parameters)
        let (back, inverse) = subject.transformer.inverseAndLogDet(y.detached(), parameters)
        let tolerance = Tolerance.relative(1e-10, absolute: 1e-10)
        expectClose(back, x, within: tolerance, "\(seed)")
        expectClose(inverse, -logDet, within: .relative(1e-9, absolute: 1e-9), "\(seed)")
        let (point, _) = subject.transformer.inverseAndLogDet(x, parameters)
        let (again, _) = subject.transformer.forwardAndLogDet(point.detached(), parameters)
        expectClose(again, x, within: tolerance, "\(seed)")
      }
    }
  }

  /// The log determinant is the log of the derivative, which is positive.
  @Test(arguments: cases) func logDeterminant(_ subject: TransformerCase) {
    subject.withWeights {
      let parameters = subject.parameters(5, [25, 1])
      let x = subject.points(5, [25, 20])
      let (y, logDet) = subject.transformer.forwardAndLogDet(x, parameters)
      let slope = gradient(of: y.sum(), withRespectTo: x)
      #expect(slope.min().scalar() > 0)
      expectClose(logDet, log(slope), within: .relative(1e-9, absolute: 1e-9))
      #expect((abs(logDet).max().scalar() == 0) == subject.transformer.isVolumePreserving)
    }
  }

  /// Derivatives of values and log determinants, in both directions, with respect to points and all
  /// parameters.
  @Test(arguments: cases) func gradients(_ subject: TransformerCase) {
    subject.withWeights {
      let parameters = subject.parameters(6, [3])
      let limit = Tensor(subject.isOnInterval ? 1.5 : 2.9)
      let x = clamp(subject.points(6, [3]), -limit, limit).detached()
      let (y, _) = subject.transformer.forwardAndLogDet(x, parameters)
      let order = subject.isSmooth ? 2 : 1
      checkGradients(of: [x] + parameters, order: order, step: 1e-4, "forward") { inputs in
        let (y, logDet) = subject.transformer.forwardAndLogDet(inputs[0], Array(inputs.dropFirst()))
        return [y, logDet]
      }
      checkGradients(of: [y.detached()] + parameters, order: order, step: 1e-4, "inverse") {
        inputs in
        let (x, logDet) = subject.transformer.inverseAndLogDet(inputs[0], Array(inputs.dropFirst()))
        return [x, logDet]
      }
    }
  }

  /// Far out, at the bounds and just beside them values and derivatives are numbers, and the map is
  /// continuous.
  @Test(arguments: cases) func extremes(_ subject: TransformerCase) {
    let bound = subject.bound
    var points = [-bound, -bound.nextDown, 0, 1e-300, bound.nextDown, bound]
    if !subject.isOnInterval {
      points = [-1e4, -1e3, -bound.nextUp] + points + [bound.nextUp, 1e3, 1e4]
    }
    subject.withWeights {
      for seed in 1...3 {
        let parameters = subject.parameters(seed, [1])
        let x = Tensor(points)
        for isForward in [true, false] {
          let (y, logDet) =
            isForward
            ? subject.transformer.forwardAndLogDet(x, parameters)
            : subject.transformer.inverseAndLogDet(x, parameters)
          let slopes = gradient(of: (y + logDet).sum(), withRespectTo: [x] + parameters)
          for tensor in [y, logDet] + slopes { #expect(isFinite(tensor).all().scalar() == 1) }
          let rises = y.slice(1..<points.count) - y.slice(0..<points.count - 1)
          #expect(rises.min().scalar() > -1e-12 * bound, "\(y)")
        }
      }
    }
  }

  /// ∫ p(f(x)) f′(x) dx = 1 for a normal density p (a uniform one on an interval): the trapezoidal
  /// rule in a variable that spreads the tails, at parameters for which no bin is too narrow for it.
  @Test(arguments: cases) func normalises(_ subject: TransformerCase) {
    subject.withWeights {
      for seed in 1...3 {
        let parameters = subject.parameters(seed, [1]).map { 0.5 / subject.spread * $0 }
        let count = 200_000
        let total: Double
        if subject.isOnInterval {
          let x = Tensor.linspace(-.pi, .pi, count: count + 1)
          let density = exp(subject.transformer.forwardAndLogDet(x, parameters).logDet).array()
          total = (density.reduce(0, +) - (density[0] + density[count]) / 2) / Double(count)
        } else {
          let t = Tensor.linspace(-12, 12, count: count + 1)
          let (y, logDet) = subject.transformer.forwardAndLogDet(sinh(t), parameters)
          let density = exp(Normal(0, 1).logProb(y) + logDet) * cosh(t)
          total = density.sum().scalar() * 24 / Double(count)
        }
        #expect((total - 1).magnitude < (subject.isSmooth ? 1e-5 : 1e-3), "\(seed): \(total)")
      }
    }
  }

  /// At the parameters networks start with the map is near the identity.
  @Test(arguments: cases) func start(_ subject: TransformerCase) {
    handle(
      {
        let x = Tensor.linspace(-3, 3, count: 101)
        let parameters = subject.transformer.start.map { Tensor([$0]) }
        let (y, logDet) = subject.transformer.forwardAndLogDet(x, parameters)
        #expect(abs(y - x).mean().scalar() < 0.1)
        #expect(abs(logDet).mean().scalar() < 0.05)
      }, with: InitialWeights())
  }

  /// Parameters broadcast with points, and a batch gives what its points give alone.
  @Test(arguments: cases) func broadcasting(_ subject: TransformerCase) {
    subject.withWeights {
      let parameters = subject.parameters(8, [3])
      let x = subject.points(8, [2, 4, 3])
      let (y, logDet) = subject.transformer.forwardAndLogDet(x, parameters)
      let (back, inverse) = subject.transformer.inverseAndLogDet(y.detached(), parameters)
      for tensor in [y, logDet, back, inverse] { #expect(tensor.shape == [2, 4, 3]) }
      let alone = (0..<3).map { index in
        subject.transformer.forwardAndLogDet(
          x.selecting(1, along: 0).selecting(2, along: 0).selecting(index, along: 0),
          parameters.map { $0.selecting(index, along: 0) })
      }
      let part = y.selecting(1, along: 0).selecting(2, along: 0)
      for (y, logDet) in alone { #expect(y.shape == [] && logDet.shape == []) }
      expectClose(stack(alone.map(\.y)), part, within: .relative(1e-12, absolute: 1e-12))
    }
  }

  @Test(arguments: cases) func singlePrecision(_ subject: TransformerCase) {
    let parameters = subject.parameters(9, [20, 1])
    let x = subject.points(9, [20, 10])
    let single = { (tensors: [Tensor]) in tensors.map { $0.cast(to: .float32) } }
    let wide = subject.withWeights { subject.transformer.forwardAndLogDet(x, parameters) }
    handle(
      {
        let narrow = subject.transformer.forwardAndLogDet(single([x])[0], single(parameters))
        let back = subject.transformer.inverseAndLogDet(narrow.y.detached(), single(parameters))
        for tensor in [narrow.y, narrow.logDet, back.x, back.logDet] {
          #expect(tensor.dtype == .float32)
          #expect(isFinite(tensor).all().scalar() == 1)
        }
        let again = subject.transformer.forwardAndLogDet(back.x.detached(), single(parameters)).y
        expectClose(narrow.y.array(), wide.y.array(), within: .relative(1e-3, absolute: 1e-3))
        expectClose(again.array(), narrow.y.array(), within: .relative(1e-3, absolute: 1e-3))
      }, with: RandomWeights(7, isScaled: true, dtype: .float32))
  }

  /// Values by nflows, Zuko, NumPy, SciPy and mpmath.
  @Test func goldens() throws {
    let file = try Golden.load("transformers.json", as: TransformerGoldens.self)
    #expect(file.cases.count == 74)
    for golden in file.cases {
      let transformer = try #require(golden.transformer, "\(golden.name)")
      try #require(transformer.start.count == golden.parameters.count, "\(golden.name)")
      let parameters = golden.parameters.map { Tensor([$0]) }
      handle(
        {
          let (y, logDet) = transformer.forwardAndLogDet(Tensor(golden.x), parameters)
          let (x, inverse) = transformer.inverseAndLogDet(Tensor(golden.y), parameters)
          let tolerance = Tolerance.relative(1e-10, absolute: 1e-10)
          expectClose(y.array(), golden.y, within: tolerance, golden.name)
          expectClose(logDet.array(), golden.logDet, within: tolerance, golden.name)
          expectClose(x.array(), golden.x, within: tolerance, "inverse of \(golden.name)")
          expectClose(
            inverse.array(), golden.logDet.map { -$0 }, within: .relative(1e-9, absolute: 1e-9),
            "inverse of \(golden.name)")
        }, with: Substitute(values: file.tensors))
    }
  }

  @Test func clamps() {
    let x = Tensor([-10.0, -5, 0, 3, 40])
    let limited = clampPreservingGradient(x, -5, 3)
    #expect(limited.array() == [-5, -5, 0, 3, 3])
    #expect(gradient(of: limited.sum(), withRespectTo: x).array() == [1, 1, 1, 1, 1])
    for dtype in [DType.float64, .float32] {
      let far = Tensor([4e7, 1e20, .infinity, -4e7, -1e20, -.infinity], dtype: dtype)
      let limited = clampPreservingGradient(far, -5, 3)
      #expect(limited.array() == [3, 3, 3, -5, -5, -5] && limited.dtype == dtype)
      let slopes = gradient(of: limited.sum(), withRespectTo: far).array()
      #expect(slopes == [1, 1, 1, 1, 1, 1])
    }
    // A bound for each of several columns: derivatives are summed over them.
    let one = Tensor([2.0])
    let wide = clampPreservingGradient(one, -5, Tensor([1, 3, 5]))
    #expect(wide.array() == [1, 2, 2])
    #expect(gradient(of: wide.sum(), withRespectTo: one).array() == [3])
    expectClose(softClamp(x, bound: 5), [-10.0 / 3, -2.5, 0, 1.875, 40.0 / 9], within: .ulps(2))
    // (2α/π) atan(x/α), from Python.
    let asymmetric = asymmetricSoftClamp(Tensor([-5, -1, 0, 0.05, 1, 5.0]))
    expectClose(
      asymmetric,
      [
        -1.5155242336366264, -0.590334470601733, 0, 0.029516723530086653, 0.0936548965138893,
        0.09872693017980544,
      ], within: .relative(1e-14))
    for dtype in [DType.float64, .float32] {
      let sides = clippedSigmoid(Tensor([-1e4, 1e4], dtype: dtype))
      #expect(logit(sides).array().allSatisfy(\.isFinite) && sides.dtype == dtype)
    }
    expectClose(clippedSigmoid(Tensor([0.3])), sigmoid(Tensor([0.3])))
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RationalQuadraticSpline(bins: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LinearSpline(bound: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = QuadraticSpline(bins: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CubicSpline(bins: 1000)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = DeepSigmoidal(units: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = BernsteinPolynomial(degree: 0)
      })
  }
}

private struct TransformerGoldens: Decodable {
  struct Case: Decodable {
    let name: String
    let parameters: [Double]
    let x: [Double]
    let y: [Double]
    let logDet: [Double]
  }

  struct Weights: Decodable {
    let shape: [Int]
    let values: [Double]
  }

  let cases: [Case]
  let weights: [String: Weights]

  var tensors: [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: weights.map {
        ("integrand.\($0)", Tensor($1.values, shape: Shape($1.shape)))
      })
  }
}

extension TransformerGoldens.Case {
  /// The transformer that a name with its sizes means.
  var transformer: (any Transformer)? {
    let sizes = name.split(separator: " ").compactMap { Double($0) }
    let kind = name.split(separator: " ").filter { Double($0) == nil }.joined(separator: " ")
    let (count, bound) = (Int(sizes.first ?? 0), sizes.last ?? 0)
    switch kind {
    case "shift": return ShiftTransformer()
    case "scale": return ScaleTransformer()
    case "affine logScale": return AffineTransformer(.logScale)
    case "affine gated": return AffineTransformer(.gated)
    case "affine tanhClamped": return AffineTransformer(.tanhClamped)
    case "affine softClamped": return AffineTransformer(.softClamped)
    case "affine asymmetric": return AffineTransformer(.asymmetric)
    case "rqs": return RationalQuadraticSpline(bins: count, bound: bound)
    case "rqs zuko": return RationalQuadraticSpline(bins: count, bound: bound, form: .softClamped)
    case "circular": return CircularSpline(bins: count)
    case "lrs": return LinearRationalSpline(bins: count, bound: bound)
    case "linear": return LinearSpline(bins: count, bound: bound)
    case "quadratic": return QuadraticSpline(bins: count, bound: bound)
    case "cubic": return CubicSpline(bins: count, bound: bound)
    case "sigmoidal": return DeepSigmoidal(units: count)
    case "dense sigmoidal": return DeepDenseSigmoidal(units: count, layers: Int(bound))
    case "gaussianization": return Gaussianization(components: count)
    case "sum of squares": return SumOfSquares(polynomials: count, degree: Int(bound))
    case "bernstein": return BernsteinPolynomial(degree: count)
    case "monotonic network":
      return UnconstrainedMonotonic(
        signal: 3, hidden: [5], activation: .tanh, name: "integrand")
    default: return nil
    }
  }
}
