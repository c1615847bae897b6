import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Derivatives of draws by parameters that go through rejection.
@Suite struct DrawGradientTests {
  /// What a draw at fixed probability does: dx/dθ = −(∂F/∂θ) / p(x), with ∂F/∂θ = ∫ ∂p/∂θ by quadrature of
  /// differences of order six of GSL's densities.
  @Test(arguments: DistributionCase.all.filter { $0.noise == .implicit })
  func atFixedProbability(_ subject: DistributionCase) {
    for (index, values) in subject.draws(6).enumerated() {
      let count = 12
      // Each draw has parameters of its own.
      let parameters = values.map { Tensor([Double](repeating: $0, count: count)) }
      let draws = subject.make(parameters)
        .sample([], key: RandomKey(23).foldIn(index), dtype: .float64)
      let slopes = gradient(
        of: draws.sum(), withRespectTo: subject.smoothParameters.map { parameters[$0] })
      for (slope, number) in zip(slopes, subject.smoothParameters) {
        for (x, dx) in zip(draws.array(), slope.array()) {
          let exact = Self.slope(subject, values, number, x)
          #expect(
            (dx - exact).magnitude <= 2e-9 * max(exact.magnitude, 0.01),
            "\(subject) of \(values), parameter \(number), draw \(x): \(dx), not \(exact)")
        }
      }
    }
  }

  private static func slope(
    _ subject: DistributionCase, _ parameters: [Double], _ number: Int, _ x: Double
  ) -> Double {
    let chart = Chart(subject.support)
    let step = 3e-3 * max(0.1, min(1, parameters[number].magnitude))
    let density = subject.density(x, parameters)
    /// ∂p/∂θ over p(x), in the variable of the chart.
    func integrand(_ v: Double) -> Double {
      let t = chart.value(v)
      let difference = [(1.0, 45.0), (2, -9), (3, 1)].reduce(0.0) { sum, term in
        func at(_ sign: Double) -> Double {
          var moved = parameters
          moved[number] += sign * term.0 * step
          return subject.density(t, moved)
        }
        return sum + term.1 * (at(1) - at(-1)) / (60 * step)
      }
      return difference / density * chart.slope(v)
    }
    let isLow = subject.cdf(x, parameters) < 0.5
    let end = isLow ? subject.quantile(1e-17, parameters) : subject.quantile(1 - 1e-16, parameters)
    let (from, to) = (chart.coordinate(x), min(max(chart.coordinate(end), -80), 80))
    let integral = Quadrature.integrals(over: [min(from, to)...max(from, to)], tolerances: [1e-11])
    {
      [$0.map(integrand)]
    }
    return isLow ? -integral[0] : integral[0]
  }

  /// A variable in which a density has light tails and no poles.
  private struct Chart {
    let value: (Double) -> Double
    let coordinate: (Double) -> Double
    let slope: (Double) -> Double

    init(_ support: DistributionCase.Support) {
      switch support {
      case .positive, .nonNegative: (value, coordinate, slope) = (exp, log, exp)
      case .unitInterval:
        (value, coordinate) = (logistic, logOdds)
        slope = { logistic($0) * logistic(-$0) }
      default: (value, coordinate, slope) = ({ $0 }, { $0 }, { _ in 1 })
      }
    }
  }

  // MARK: Several gamma draws

  /// Checks ∇(Σ w x) by a parameter against Σ w dx/dθ, with random weights.
  private func expectSlope(
    _ draws: Tensor, by parameter: Tensor, _ expected: Tensor, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var generator = SeededGenerator(seed: 3)
    let weights = Tensor(
      generator.signed(draws.shape.elementCount, magnitude: 0.3...1), shape: draws.shape)
    let slopes = gradient(of: (weights * draws).sum(), withRespectTo: parameter)
    let exact = (weights * expected).detached()
    let perDraw = exact.sum(axes: Array(parameter.rank..<exact.rank))
    expectClose(
      slopes.array(), perDraw.array(), within: .relative(1e-9, absolute: 1e-10), name,
      sourceLocation: sourceLocation)
  }

  /// X = L M Mᵀ Lᵀ, and of M only the diagonal follows the degrees of freedom: its squares are χ².
  @Test func wishart() {
    let df = Tensor([2.3, 4.5, 7, 30, 400])
    let l = Tensor([[1.2, 0, 0], [0.4, 0.7, 0], [-0.3, 0.2, 0.5]])
    for (name, isInverse) in [("Wishart", false), ("InverseWishart", true)] {
      let x: Tensor =
        isInverse
        ? InverseWishart(df, scaleTril: l).sample([], key: RandomKey(8), dtype: .float64)
        : Wishart(df, scaleTril: l).sample([], key: RandomKey(8), dtype: .float64)
      // M Mᵀ, of the one L⁻¹ X L⁻ᵀ, of the other Lᵀ X⁻¹ L.
      let inner = isInverse ? inverse(x) : x
      let outer = isInverse ? l.transposed() : inverse(l)
      let gram = matmul(matmul(outer, inner), outer.transposed())
      let m = cholesky(0.5 * (gram + gram.transposed())).detached()
      let shapes = 0.5 * (df.expandingDims(at: -1) - Tensor([0.0, 1, 2]))
      let diagonal = m.diagonal()
      // M²/2 is a gamma variable of shape df/2.
      let rise = 0.25 * diagonal * logGammaDrawSlope(shapes, log(0.5 * square(diagonal)))
      let dM = rise.embeddingDiagonal()
      let dGram = matmul(dM, m.transposed()) + matmul(m, dM.transposed())
      let back = isInverse ? matmul(x, inverse(l).transposed()) : l
      let slope = matmul(matmul(back, dGram), back.transposed())
      expectSlope(x, by: df, isInverse ? -slope : slope, name)
    }
  }

  /// Shares of gamma draws: dxᵢ/dαⱼ = xᵢ (δᵢⱼ − xⱼ) d log gⱼ/dαⱼ, for each of five vectors.
  @Test func dirichlet() {
    let concentration = exp(Tensor((0..<20).map { sin(3 * Double($0)) * 2 }, shape: [5, 4]))
      .detached()
    let x = Dirichlet(concentration).sample([], key: RandomKey(9), dtype: .float64)
    let logs = RandomKey(9).logGamma(concentration)
    expectClose(
      x.array(), exp(logs - logs.logSumExp(axis: -1, keepingAxes: true)).array(),
      within: .relative(1e-13), "the draws")
    let rise = logGammaDrawSlope(concentration, logs)
    var generator = SeededGenerator(seed: 4)
    let weights = Tensor(generator.signed(20, magnitude: 0.3...1), shape: [5, 4])
    let slopes = gradient(of: (weights * x).sum(), withRespectTo: concentration)
    let expected = rise * x * (weights - (weights * x).sum(axis: -1, keepingAxes: true))
    expectClose(slopes.array(), expected.array(), within: .relative(1e-10, absolute: 1e-13))
  }

  /// Rows (z, √(2 g)) / |(z, √(2 g))|: a rise of log g turns them towards the diagonal.
  @Test func lkj() {
    let concentration = Tensor([0.4, 1, 2.5, 60])
    let key = RandomKey(10)
    let l = LKJCholesky(4, concentration).sample([], key: key, dtype: .float64)
    let rows = Tensor([1.5, 1, 0.5, 0])
    let shapes = concentration.expandingDims(at: -1) + rows
    let squares = key.split(2)[1].gamma(shapes)
    let diagonal = l.diagonal()
    // Of the first row it is 1, the others determine |z|² = 2 g (1/d² − 1).
    let noise = square(tril(key.split(2)[0].normal([4, 4, 4]), -1)).sum(axis: -1)
    expectClose(
      (2 * squares * (1 / square(diagonal) - 1)).array(), noise.array(),
      within: .relative(1e-9, absolute: 1e-9), "the draws")
    let turn = 0.5 * logGammaDrawSlope(shapes, log(squares))
    let below = tril(l, -1) * (-square(diagonal) * turn).expandingDims(at: -1)
    let slope = below + (diagonal * (1 - square(diagonal)) * turn).embeddingDiagonal()
    expectSlope(l, by: concentration, slope, "LKJCholesky")
    let r = LKJ(4, concentration).sample([], key: key, dtype: .float64)
    let change = matmul(slope, l.transposed()) + matmul(l, slope.transposed())
    expectSlope(r, by: concentration, change, "LKJ")
  }

  /// x − loc is divided by the root of a χ² over its degrees of freedom.
  @Test func student() {
    let df = Tensor([0.7, 3, 12, 300])
    let key = RandomKey(11)
    let loc = Tensor([1.0, -2])
    let x = MultivariateStudentT(df, loc, scaleTril: [[2, 0], [0.5, 1]])
      .sample([], key: key, dtype: .float64)
    let chiSquare = 2 * key.split(2)[1].gamma(0.5 * df)
    let rise = 0.5 * (0.5 * logGammaDrawSlope(0.5 * df, log(0.5 * chiSquare)) - 1 / df)
    expectSlope(x, by: df, -(x - loc) * rise.expandingDims(at: -1), "MultivariateStudentT")
  }
}
