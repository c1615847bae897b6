import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Draws against exact laws. Every comparison allows a correct sampler to fail for one key in a
/// million; the keys are fixed.
@Suite struct MultivariateSamplingTests {
  static let count = 100_000

  /// Kolmogorov–Smirnov: sup |F̂ − F| exceeds ε with probability at most 2 exp(−2nε²).
  ///
  /// n = 100,000: ε = 0.0085. A distribution function off by 0.017 somewhere, such as a normal
  /// shifted by 0.043 sd or with a scale off by 7 %, passes for fewer than one key in a million.
  private static func expectDistribution(
    _ draws: [Double], _ what: String, _ cdf: (Double) -> Double
  ) {
    let bound = (log(2 / 1e-6) / Double(2 * draws.count)).squareRoot()
    let n = Double(draws.count)
    let distance = draws.sorted().enumerated().reduce(0) { worst, item in
      let p = cdf(item.element)
      return max(worst, (p - Double(item.offset) / n), Double(item.offset + 1) / n - p)
    }
    #expect(distance < bound, "\(what): \(distance)")
  }

  private static func draws(
    _ distribution: any Distribution, _ key: Int, _ dtype: DType = .float64
  ) -> Tensor {
    distribution.sample([count], key: RandomKey(key), dtype: dtype)
  }

  /// Projections wᵀx of normal vectors are normal, those of Student's are Student's t.
  @Test(arguments: [DType.float64, .float32]) func projections(_ dtype: DType) {
    let l = Tensor([[1.2, 0, 0], [0.5, 0.7, 0], [-0.9, 0.4, 1.5]], dtype: dtype)
    let loc = Tensor([1, -2, 0.5], dtype: dtype)
    let covariance = matmul(l, l.transposed())
    let factor = Tensor([[1, 0.2], [-0.5, 0.7], [0.3, 2]], dtype: dtype)
    let diagonal = Tensor([0.3, 1, 2.5], dtype: dtype)
    let lowRank = matmul(factor, factor.transposed()) + diagonal.embeddingDiagonal()
    let cases: [(String, any Distribution, Tensor, Double?)] = [
      ("scaleTril", MultivariateNormal(loc, scaleTril: l), covariance, nil),
      ("covariance", MultivariateNormal(loc, covariance: covariance), covariance, nil),
      ("precision", MultivariateNormal(loc, precision: inverse(covariance)), covariance, nil),
      ("low rank", LowRankMultivariateNormal(loc, factor, diagonal), lowRank, nil),
      ("Student", MultivariateStudentT(3.5, loc, scaleTril: l), covariance, 3.5),
    ]
    for (index, (name, distribution, sigma, df)) in cases.enumerated() {
      let x = Self.draws(distribution, 51 + index, dtype)
      for w in [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, -1, 0.3], [-0.2, 0.5, 2]] {
        let w = Tensor(w, dtype: dtype)
        let center = (w * loc).sum().scalar()
        let spread = matmul(w, matmul(sigma, w)).scalar().squareRoot()
        Self.expectDistribution(matmul(x, w).array(), "\(name) \(w.array())") {
          let z = ($0 - center) / spread
          return df.map { gsl_cdf_tdist_P(z, $0) } ?? gsl_cdf_gaussian_P(z, 1)
        }
      }
    }
  }

  /// Elements of a normal matrix, and sums that mix rows and columns.
  @Test func matrixProjections() {
    let a = Tensor([[1.2, 0], [0.5, 0.7]])
    let b = Tensor([[0.8, 0, 0], [0.5, 1.1, 0], [-0.9, 0.4, 1.5]])
    let x = Self.draws(MatrixNormal(0, scaleTrilRow: a, scaleTrilColumn: b), 61)
    for (u, v) in [([1.0, 0], [0.0, 0, 1]), ([0.6, -1], [1, 0.5, -0.3]), ([0, 1], [1, 0, 0])] {
      let (u, v) = (Tensor(u), Tensor(v))
      let spread =
        square(matmul(u, a)).sum().scalar().squareRoot()
        * square(matmul(v, b)).sum().scalar().squareRoot()
      Self.expectDistribution(
        matmul(matmul(x, v), u).array(), "\(u.array()) \(v.array())"
      ) { gsl_cdf_gaussian_P($0, spread) }
    }
  }

  /// 2 b − 1 is a correlation for a b of Beta(α, α), α = concentration − 1 + d/2: all of them, and
  /// those of both LKJ distributions.
  @Test(arguments: [(2, 0.6), (3, 1.0), (5, 2.5)], [DType.float64, .float32])
  func correlations(_ parameters: (Int, Double), _ dtype: DType) {
    let (d, eta) = parameters
    let alpha = eta - 1 + Double(d) / 2
    let concentration = Tensor(eta, dtype: dtype)
    let factor = Self.draws(LKJCholesky(d, concentration), 62, dtype)
    for matrices in [
      matmul(factor, factor.transposed()), Self.draws(LKJ(d, concentration), 63, dtype),
    ] {
      for i in 0..<d {
        for j in 0..<i {
          let r = matrices.selecting(i, along: 1).selecting(j, along: 1).array()
          Self.expectDistribution(r, "\(parameters) \(i) \(j)") {
            gsl_cdf_beta_P(0.5 * ($0 + 1), alpha, alpha)
          }
        }
      }
    }
  }

  /// det R is a product of independent beta variables, 1 − row norms²: of the last row,
  /// Beta(concentration, (d − 1)/2).
  @Test func lastRowOfCorrelations() {
    let l = Self.draws(LKJCholesky(4, 1.8), 64)
    let last = square(l.selecting(3, along: 1).selecting(3, along: 1)).array()
    Self.expectDistribution(last, "L₄₄²") { gsl_cdf_beta_P($0, 1.8, 1.5) }
  }

  /// aᵀX a / aᵀV a of a Wishart matrix is χ² of df degrees of freedom; for its inverse
  /// aᵀΨ a / aᵀX a is χ² of df − d + 1.
  @Test(arguments: [DType.float64, .float32]) func quadraticForms(_ dtype: DType) {
    let v = Tensor([[1.3, 0.4, -0.2], [0.4, 0.9, 0.1], [-0.2, 0.1, 2]], dtype: dtype)
    for (index, df) in [2.3, 7.5].enumerated() {
      let cases: [(String, any Distribution)] = [
        ("covariance", Wishart(Tensor(df, dtype: dtype), covariance: v)),
        ("precision", Wishart(Tensor(df, dtype: dtype), precision: inverse(v))),
        ("scaleTril", Wishart(Tensor(df, dtype: dtype), scaleTril: cholesky(v))),
      ]
      let draws = cases.map { Self.draws($0.1, 65 + index, dtype) }
      let inverted = Self.draws(
        InverseWishart(Tensor(df, dtype: dtype), scaleMatrix: v), 67 + index, dtype)
      for a in [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, -1, 0.3]] {
        let a = Tensor(a, dtype: dtype)
        let form = matmul(a, matmul(v, a))
        for (item, x) in zip(cases, draws) {
          Self.expectDistribution(
            (matmul(matmul(x, a), a) / form).array(), "\(item.0) \(df) \(a.array())"
          ) { gsl_cdf_chisq_P($0, df) }
        }
        Self.expectDistribution(
          (form / matmul(matmul(inverted, a), a)).array(), "inverse \(df) \(a.array())"
        ) { gsl_cdf_chisq_P($0, df - 2) }
      }
    }
  }

  /// The numbers a stick was broken by are normal and independent; a walk's increments too.
  @Test func pieces() {
    let y = Self.draws(LogisticNormal([0.4, -1], [0.7, 1.5]), 69)
    func column(_ index: Int) -> Tensor { y.selecting(index, along: 1) }
    let first = log(column(0)) - log(column(1) + column(2)) + log(2.0)
    let second = log(column(1)) - log(column(2))
    for (name, x, loc, scale) in [("first", first, 0.4, 0.7), ("second", second, -1, 1.5)] {
      Self.expectDistribution(x.array(), name) { gsl_cdf_gaussian_P($0 - loc, scale) }
    }
    let walk = Self.draws(GaussianRandomWalk(0.7, steps: 4), 70)
    let step = walk.selecting(3, along: 1) - walk.selecting(2, along: 1)
    Self.expectDistribution(step.array(), "step") { gsl_cdf_gaussian_P($0, 0.7) }
    let product = (first - 0.4) / 0.7 * ((second + 1) / 1.5)
    let walks = step / 0.7 * (walk.selecting(2, along: 1) / (0.7 * 3.0.squareRoot()))
    for correlation in [product.mean(axis: 0).scalar(), walks.mean(axis: 0).scalar()] {
      #expect(correlation.magnitude < 5 / Double(Self.count).squareRoot())
    }
  }

  /// Angles around μ, by the running integral of the density over the circle.
  @Test(arguments: [[0.0, 0], [0.8, 0], [0, 3]]) func directions(_ mu: [Double]) {
    let x = Self.draws(ProjectedNormal(Tensor(mu)), 71)
    let angles = atan2(x.selecting(1, along: 1), x.selecting(0, along: 1)).array()
    let cells = 20000
    let width = 2 * Double.pi / Double(cells)
    // φ/Φ of the textbook density of the angle, written out for two dimensions.
    let density = (0..<cells).map { cell -> Double in
      let angle = -Double.pi + (Double(cell) + 0.5) * width
      let t = mu[0] * cos(angle) + mu[1] * sin(angle)
      let base = exp(-0.5 * (mu[0] * mu[0] + mu[1] * mu[1])) / (2 * Double.pi)
      return base * (1 + t * gsl_cdf_ugaussian_P(t) * (2 * Double.pi).squareRoot() * exp(t * t / 2))
    }
    var running = [0.0]
    for value in density { running.append((running.last ?? 0) + value * width) }
    Self.expectDistribution(angles, "\(mu)") {
      let position = ($0 + Double.pi) / width
      let cell = min(max(Int(position), 0), cells - 1)
      return running[cell] + (position - Double(cell)) * density[cell] * width
    }
  }

  /// Elements less means are normal along any direction in their subspace.
  @Test func zeroSums() {
    let x = Self.draws(ZeroSumNormal(1.4, [3]), 72)
    for w in [[1.0, -1, 0], [1, 1, -2], [0, 0.5, -0.5]] {
      let norm = w.reduce(0) { $0 + $1 * $1 }.squareRoot()
      Self.expectDistribution(matmul(x, Tensor(w)).array(), "\(w)") {
        gsl_cdf_gaussian_P($0, 1.4 * norm)
      }
    }
  }

  /// Means and variances that are stated, of every element: |z| < 5 with the exact standard error
  /// of the mean and the draws' own of the variance; a correct sampler fails with 6e-7 each.
  ///
  /// n = 100,000: a mean off by 0.03 sd, a variance of a normal off by 5 %, are caught.
  @Test(arguments: MultivariateCase.all) func moments(_ subject: MultivariateCase) {
    guard let distribution = subject.distribution() as? any MomentDistribution else { return }
    let x = Self.draws(distribution, 73)
    let centered = x - distribution.mean
    let variance = distribution.variance
    let n = Double(Self.count)
    let meanZ = centered.mean(axis: 0) / sqrt(variance / n)
    let squares = square(centered)
    let error = sqrt(square(squares - variance).mean(axis: 0) / n)
    let varianceZ = (squares.mean(axis: 0) - variance) / error
    // Elements that are certain have no error.
    let isFixed = variance .< 1e-12
    for z in [meanZ, varianceZ] {
      let worst = `where`(isFixed, 0, abs(z)).max().scalar()
      #expect(worst < 5, "\(subject): \(z.array())")
    }
    #expect(abs(`where`(isFixed, centered, 0)).max().scalar() < 1e-6, "\(subject)")
  }

  /// Covariances that are stated, of every pair of elements, to the same z.
  @Test func covariances() {
    let l = Tensor([[1.2, 0, 0], [0.5, 0.7, 0], [-0.9, 0.4, 1.5]])
    let cases: [(String, any MomentDistribution, Tensor)] = {
      let normal = MultivariateNormal([1, 2, 3], scaleTril: l)
      let low = LowRankMultivariateNormal(0, [[1, 0.2], [-0.5, 0.7], [0.3, 2]], [0.3, 1, 2.5])
      let student = MultivariateStudentT(9, [1, 2, 3], scaleTril: l)
      let walk = GaussianRandomWalk(0.7, steps: 3)
      return [
        ("normal", normal, normal.covariance), ("low rank", low, low.covariance),
        ("Student", student, student.covariance), ("walk", walk, walk.covariance),
      ]
    }()
    for (name, distribution, covariance) in cases {
      let x = Self.draws(distribution, 74) - distribution.mean
      let products = outer(x, x)
      let error = sqrt(square(products - covariance).mean(axis: 0) / Double(Self.count))
      let z = (products.mean(axis: 0) - covariance) / error
      #expect(abs(z).max().scalar() < 5, "\(name): \(z.array())")
    }
  }

  /// −log p averages to the entropy, to |z| < 5.
  @Test(arguments: MultivariateCase.all) func entropies(_ subject: MultivariateCase) {
    guard let distribution = subject.distribution() as? any EntropyDistribution else { return }
    let surprise = -distribution.sampleAndLogProb(
      [Self.count], key: RandomKey(75), dtype: .float64
    ).1
    let excess = surprise - distribution.entropy
    let error = sqrt(square(excess).mean(axis: 0) / Double(Self.count))
    #expect((excess.mean(axis: 0) / error).scalar().magnitude < 5, "\(subject)")
  }

  /// Derivatives of draws by parameters that go through rejection average to the derivative of the
  /// exact moment, to |z| < 5: each of 10,000 draws has a parameter of its own. A slope off by ten of
  /// the errors stated below, at most half of itself, is caught.
  @Test func implicitDerivatives() {
    func expectMean(
      _ name: String, at value: Double, _ exact: Double, _ statistic: (Tensor) -> Tensor
    ) {
      let parameter = Tensor([Double](repeating: value, count: 10_000))
      let slopes = gradient(of: statistic(parameter).sum(), withRespectTo: parameter)
      let mean = slopes.mean(axis: 0).scalar()
      let error = (square(slopes - mean).mean(axis: 0).scalar() / 10_000).squareRoot()
      #expect((mean - exact).magnitude < 5 * error, "\(name): \(mean) ± \(error), \(exact)")
      #expect(error < 0.05 * exact.magnitude, "\(name): \(mean) ± \(error)")
    }
    func draw(_ distribution: any Distribution) -> Tensor {
      distribution.sample([], key: RandomKey(76), dtype: .float64)
    }
    let v = Tensor([[1.3, 0.4], [0.4, 0.9]])
    // E x² = df / (df − 2); E r² = 1 / (2η + d − 1); E X = df V; E X = Ψ / (df − d − 1).
    expectMean("Student", at: 12, -2 / 100) {
      square(draw(MultivariateStudentT($0, 0, scaleTril: Tensor.eye(2))).selecting(1, along: 1))
    }
    expectMean("LKJ", at: 1.5, -2 / 25) {
      square(draw(LKJ(3, $0)).selecting(2, along: 1).selecting(0, along: 1))
    }
    expectMean("LKJCholesky", at: 1.5, -2 / 25) {
      square(draw(LKJCholesky(3, $0)).selecting(2, along: 1).selecting(1, along: 1))
    }
    expectMean("Wishart", at: 4.5, 1.3) {
      draw(Wishart($0, covariance: v)).selecting(0, along: 1).selecting(0, along: 1)
    }
    expectMean("InverseWishart", at: 13, -0.9 / 100) {
      draw(InverseWishart($0, scaleMatrix: v)).selecting(1, along: 1).selecting(1, along: 1)
    }
  }
}
