import Foundation
import TestSupport
import Testing

@testable import Distributions

@Suite struct KLDivergenceTests {
  private static func draws(_ kind: KLKind, _ count: Int, seed: Int) -> [[Double]] {
    var generator = SeededGenerator(seed: seed)
    let columns = kind.ranges.map { generator.uniform(count, in: $0) }
    return (0..<count).map { index in columns.map { $0[index] } }
  }

  private static func made(
    _ kind: KLKind, _ parameters: [Double], dtype: DType = .float64
  ) -> any Distribution { kind.make(parameters.map { Tensor($0, dtype: dtype) }) }

  /// A Pareto distribution must start within another's support.
  private static func parameters(_ pair: KLPair, _ count: Int) -> [(p: [Double], q: [Double])] {
    let all = zip(draws(pair.p, count, seed: 1), draws(pair.q, count, seed: 2))
    return all.map { p, q in
      var q = q
      if pair.q.name == "Pareto" { q[0] = 0.5 * p[0] }
      return (p, q)
    }
  }

  private struct GoldenCase: Decodable {
    let p: String
    let a: [Double]
    let q: String
    let b: [Double]
    let kl: Double
  }

  /// Made from the definition with 25 digits.
  @Test func goldenValues() throws {
    let cases = try Golden.load("kl/kl.json", as: [GoldenCase].self)
    #expect(cases.count > 100)
    var tried = 0
    for golden in cases {
      guard let p = KLKind.named(golden.p), let q = KLKind.named(golden.q) else { continue }
      tried += 1
      let divergence = try klDivergence(Self.made(p, golden.a), Self.made(q, golden.b))
      expectClose(
        [divergence.scalar()], [golden.kl], within: .relative(1e-12, absolute: 1e-13),
        "\(golden.p) \(golden.a) ‖ \(golden.q) \(golden.b)")
    }
    #expect(tried > 100)
  }

  /// E_p[log p − log q] by adaptive quadrature of the densities.
  @Test(arguments: KLPair.continuous) func quadrature(_ pair: KLPair) throws {
    for (a, b) in Self.parameters(pair, 4) {
      let (p, q) = (Self.made(pair.p, a), Self.made(pair.q, b))
      let divergence = try klDivergence(p, q).scalar()
      // A Laplace distribution has a kink at its location.
      let kinks = [(pair.p, a), (pair.q, b)].filter { $0.0.name == "Laplace" }.map { $0.1[0] }
      let ends = [-1] + kinks.map(KLPair.Chart.lineParameter).sorted() + [1]
      let pieces = zip(ends, ends.dropFirst()).map { $0...$1 }
      let integral = Quadrature.integrals(over: pieces, tolerances: [1e-10]) { t in
        let points = t.map(pair.p.chart(a).point)
        let x = Tensor(points.map(\.x))
        let (logP, logQ) = (p.logProb(x).array(), q.logProb(x).array())
        let terms = points.indices.map { index in
          // Further out there is nothing, or only what rounds to an edge.
          logP[index] > -700 && points[index].slope > 1e-300
            ? exp(logP[index]) * (logP[index] - logQ[index]) * points[index].slope : 0
        }
        return [terms]
      }
      expectClose(
        [divergence], integral, within: .relative(1e-8, absolute: 1e-8), "\(pair) of \(a), \(b)")
    }
  }

  /// One number for each element of the batches of both, also where no parameter has their shape.
  @Test(arguments: KLPair.continuous) func batches(_ pair: KLPair) throws {
    let draws = Self.parameters(pair, 6)
    func tensors(_ values: [[Double]], _ shape: Shape) -> [Tensor] {
      values[0].indices.map { index in Tensor(values.map { $0[index] }, shape: shape) }
    }
    let p = pair.p.make(tensors(draws.prefix(3).map(\.p), [3]))
    let q = pair.q.make(tensors(draws.prefix(2).map(\.q), [2, 1]))
    let batch = try klDivergence(p, q)
    let each = try (0..<2).flatMap { row in
      try (0..<3).map { column in
        try klDivergence(Self.made(pair.p, draws[column].p), Self.made(pair.q, draws[row].q))
          .scalar()
      }
    }
    expectClose(
      batch, each, shape: [2, 3], within: .relative(1e-13, absolute: 1e-14), "\(pair)")
    let single = try klDivergence(Self.made(pair.p, draws[0].p), Self.made(pair.q, draws[0].q))
    let spread = try klDivergence(
      Self.made(pair.p, draws[0].p).expanded(to: [4]), Self.made(pair.q, draws[0].q))
    #expect(spread.shape == [4] && spread.array() == [Double](repeating: single.scalar(), count: 4))
  }

  @Test(arguments: KLPair.continuous.filter { $0.order > 0 })
  func gradients(_ pair: KLPair) throws {
    let (a, b) = Self.parameters(pair, 1)[0]
    let inputs = (a + b).map { Tensor($0) }
    checkGradients(of: inputs, order: pair.order, "\(pair)") { inputs in
      let p = pair.p.make(Array(inputs.prefix(a.count)))
      let q = pair.q.make(Array(inputs.suffix(b.count)))
      return [(try? klDivergence(p, q)) ?? Tensor(.nan)]
    }
  }

  @Test(arguments: KLPair.continuous) func singlePrecision(_ pair: KLPair) throws {
    for (a, b) in Self.parameters(pair, 3) {
      let (a, b) = (a.map { Double(Float($0)) }, b.map { Double(Float($0)) })
      let wide = try klDivergence(Self.made(pair.p, a), Self.made(pair.q, b))
      let narrow = try klDivergence(
        Self.made(pair.p, a, dtype: .float32), Self.made(pair.q, b, dtype: .float32))
      #expect(narrow.dtype == .float32, "\(pair)")
      expectClose(
        narrow.array(), wide.array(), within: .relative(2e-5, absolute: 2e-5), "\(pair)")
    }
  }

  /// No distribution diverges from itself; any other one does.
  @Test(arguments: KLPair.continuous) func signs(_ pair: KLPair) throws {
    for (a, b) in Self.parameters(pair, 20) {
      let divergence = try klDivergence(Self.made(pair.p, a), Self.made(pair.q, b)).scalar()
      #expect(divergence > 0, "\(pair) of \(a), \(b)")
      guard pair.p.name == pair.q.name else { continue }
      let own = try klDivergence(Self.made(pair.p, a), Self.made(pair.p, a)).scalar()
      #expect(own.magnitude < 1e-14, "\(pair) of \(a): \(own)")
    }
  }

  @Test(arguments: KLPair.disjoint) func supports(_ pair: KLPair) throws {
    let (a, b) = (Self.draws(pair.p, 1, seed: 3)[0], Self.draws(pair.q, 1, seed: 4)[0])
    let divergence = try klDivergence(
      Self.made(pair.p, a), Self.made(pair.q, b).expanded(to: [2]))
    #expect(divergence.shape == [2] && divergence.array() == [.infinity, .infinity], "\(pair)")
  }

  /// Bounds that are parameters are compared element by element.
  @Test func boundsOfBatches() throws {
    let p = Uniform(Tensor([0.0, -1, 1]), Tensor([1.0, 1, 3]))
    let q = Uniform(Tensor([-1.0, 0, 0]), Tensor([2.0, 2, 2]))
    expectClose(
      try klDivergence(p, q).array(), [log(3.0), .infinity, .infinity], within: .ulps(2))
    let slopes = gradient(
      of: try klDivergence(Uniform(0, Tensor([1.0])), Uniform(-1, Tensor([2.0]))).sum(),
      withRespectTo: p.low)
    #expect(slopes.array().allSatisfy { $0.isFinite })
    let positive = try klDivergence(Uniform(Tensor([-1.0, 0.5]), 2), Gamma(2, 1))
    #expect(positive.array()[0] == .infinity && positive.array()[1].isFinite)
  }
}

extension KLPair.Chart {
  /// The t at which the line's chart is at x.
  static func lineParameter(_ x: Double) -> Double {
    x == 0 ? 0 : ((1 + 4 * x * x).squareRoot() - 1) / (2 * x)
  }

  /// A point and dx/dt for t in (−1, 1), the ends of the set at ±1.
  func point(_ t: Double) -> (x: Double, slope: Double) {
    let s = t / (1 - t * t)
    let slope = (1 + t * t) / ((1 - t * t) * (1 - t * t))
    switch self {
    case .line: return (s, slope)
    case .halfLine: return (exp(s), exp(s) * slope)
    case .above(let bound): return (bound + exp(s), exp(s) * slope)
    case .interval(let a, let b):
      let (up, down) = (1 / (1 + exp(-s)), 1 / (1 + exp(s)))
      return (a + (b - a) * up, (b - a) * up * down * slope)
    }
  }
}
