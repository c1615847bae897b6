import Foundation
import TestSupport
import Testing

@testable import PPL

@Suite struct SVGDTests {
  /// Three rates with Gamma priors and the counts 1, 2, 3, 3, 5 each.
  private static func poissonGamma() {
    plate("rates", 3) {
      let rate = sample("rate", Gamma([1, 1.8, 2.3], [2.3, 1.5, 1.2]))
      let counts: Tensor = [1, 2, 3, 3, 5]
      plate("counts", 5) {
        sample("count", Poisson(rate), observed: counts.expandingDims(at: 1))
      }
    }
  }

  /// The posterior of each rate is Gamma(α₀ + 14, β₀ + 5). Particles with a kernel of all coordinates
  /// lie too close together, the less so the wider it is.
  @Test(arguments: [
    (SVGD.Mode.univariate, SteinKernel.rbf, 0.02), (.univariate, .imq, 0.02),
    (.multivariate, .rbf(bandwidthFactor: 2), 0.05), (.multivariate, .imq, 0.05),
  ])
  func gamma(_ mode: SVGD.Mode, _ kernel: SteinKernel, _ tolerance: Double) throws {
    let result = try SVGD(
      Self.poissonGamma, kernel: kernel, optimizer: Adam(0.05), particles: 200, mode: mode, seed: 1
    ).run(steps: 451, showsProgress: false)
    let rows = result.summary().rows
    #expect(rows.map(\.name) == ["rate[0]", "rate[1]", "rate[2]"])
    for (row, prior) in zip(rows, [(1.0, 2.3), (1.8, 1.5), (2.3, 1.2)]) {
      let (shape, rate) = (prior.0 + 14, prior.1 + 5)
      #expect((row.mean - shape / rate).magnitude < 0.02, "\(row)")
      let variance = row.standardDeviation * row.standardDeviation
      #expect((variance - shape / (rate * rate)).magnitude < tolerance, "\(row)")
    }
  }

  /// Of a model that was fitted: its parameters, or else their initial values.
  @Test func parameters() throws {
    func model() { _ = sample("x", Normal(param("loc", 3), 0.5)) }
    let fit = try SVI(
      { _ = sample("y", Normal(param("loc", -20), 1), observed: -20) }, guide: {}, optimizer: Adam()
    ).run(steps: 0, showsProgress: false)
    for (parameters, loc) in [(nil, 3.0), (fit.parameters, -20)] {
      let rows = try SVGD(model, optimizer: Adam(0.5), particles: 20, parameters: parameters)
        .run(steps: 300, showsProgress: false).summary().rows
      #expect((rows[0].mean - loc).magnitude < 0.1, "\(rows)")
      let chains = try MCMC(model, warmup: 200, samples: 500, chains: 1, parameters: parameters)
        .run(showsProgress: false)
      #expect((chains.summary().rows[0].mean - loc).magnitude < 0.2)
    }
  }

  /// The direction against its sum, written out, with derivatives of the kernel by differences.
  @Test(arguments: [SVGD.Mode.univariate, .multivariate], [false, true])
  func direction(_ mode: SVGD.Mode, _ isRBF: Bool) {
    let points = [[0.3, -1.2], [1.1, 0.4], [-0.7, 2.0], [0.2, 0.9]]
    let slopes = [[1.0, -2.0], [0.5, 0.3], [-1.5, 0.7], [2.0, 1.0]]
    let kernel: SteinKernel = isRBF ? .rbf(bandwidthFactor: 1.5) : .imq(bandwidthFactor: 1.5)
    let bandwidths = (0..<2).map { d -> Double in
      let squares = (0..<4).flatMap { i in (0..<i).map { pow(points[i][d] - points[$0][d], 2) } }
      let sorted = squares.sorted()
      return 1.5 * (sorted[2] + sorted[3]) / 2 / Foundation.log(5)
    }
    func value(_ a: [Double], _ b: [Double], _ d: Int) -> Double {
      let all = (0..<2).map { pow(a[$0] - b[$0], 2) / bandwidths[$0] }
      let s = mode == .univariate ? all[d] : (all[0] + all[1]) / 2
      return isRBF ? Foundation.exp(-s) : 1 / (0.5 + s).squareRoot()
    }
    var expected: [Double] = []
    for x in points {
      for d in 0..<2 {
        let terms = zip(points, slopes).map { y, slope -> Double in
          var (up, down) = (y, y)
          up[d] += 1e-5
          down[d] -= 1e-5
          return value(y, x, d) * slope[d] + (value(up, x, d) - value(down, x, d)) / 2e-5
        }
        expected.append(terms.reduce(0, +) / 4)
      }
    }
    let own = kernel.direction(
      stack(points.map { Tensor($0) }), stack(slopes.map { Tensor($0) }), mode)
    expectClose(own, expected, shape: [4, 2], within: .relative(1e-8), "direction")
  }

  /// A step so long that the numbers overflow ends the run.
  @Test func lostParticles() {
    #expect(throws: ModelError.self) {
      try SVGD(Self.poissonGamma, optimizer: SGD(1e308), particles: 3)
        .run(steps: 5, showsProgress: false)
    }
  }

  @Test func reproducible() throws {
    func draws(_ seed: Int) throws -> [Double] {
      try SVGD(Self.poissonGamma, optimizer: Adam(0.05), particles: 5, seed: seed)
        .run(steps: 20, showsProgress: false)["rate"]!.array()
    }
    #expect(try draws(1) == draws(1))
    #expect(try draws(1) != draws(2))
  }
}
