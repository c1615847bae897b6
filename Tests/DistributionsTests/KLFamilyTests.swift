import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Families whose divergences are sums or matrix expressions.
@Suite struct KLFamilyTests {
  /// Σ p (log p − log q) over values of both masses.
  private static func sum(
    _ p: any Distribution, _ q: any Distribution, _ values: ClosedRange<Int>
  ) -> Double {
    let x = Tensor(values.map(Double.init))
    return zip(p.logProb(x).array(), q.logProb(x).array()).reduce(0) { total, both in
      both.0 == -.infinity ? total : total + exp(both.0) * (both.0 - both.1)
    }
  }

  private static let counts: [(any Distribution, any Distribution)] = [
    (Poisson(2.5), Poisson(4)),
    (Poisson(0), Poisson(4)),
    (Geometric(probs: 0.3), Geometric(probs: 0.6)),
    (Geometric(logits: -0.3), Geometric(probs: 0.2)),
    (Binomial(7, probs: 0.3), Binomial(7, probs: 0.8)),
    (Binomial(7, logits: 0.3), Binomial(7, probs: 0.8)),
    (Binomial(5, probs: 0.3), Binomial(7, probs: 0.8)),
    (Binomial(5, probs: 0.3), Poisson(2)),
    (Bernoulli(probs: 0.3), Poisson(0.7)),
    (Bernoulli(probs: 0.3), Binomial(3, probs: 0.4)),
    (Categorical(probs: [0.2, 0.3, 0.5]), Categorical(probs: [0.4, 0.4, 0.2])),
    (Categorical(probs: [0.2, 0, 0.8]), Categorical(probs: [0.4, 0, 0.6])),
    (Categorical(probs: [0.2, 0.3, 0.5]), Categorical(probs: [0.1, 0.2, 0.3, 0.4])),
    (DiscreteUniform(1, 4), Poisson(2)),
  ]

  @Test(arguments: counts.indices) func sums(_ index: Int) throws {
    let (p, q) = Self.counts[index]
    let divergence = try klDivergence(p, q)
    #expect(divergence.shape == [])
    let upper = q.support == .nonNegativeInteger ? 150 : 20
    expectClose(
      [divergence.scalar()], [Self.sum(p, q, 0...upper)],
      within: .relative(1e-12, absolute: 1e-14), "\(p) ‖ \(q)")
  }

  @Test func categoricalAnchor() throws {
    let divergence = try klDivergence(
      Categorical(probs: [0.2, 0.3, 0.5]), Categorical(probs: [0.4, 0.4, 0.2]))
    expectClose([divergence.scalar()], [0.2332113081], within: .relative(0, absolute: 1e-10))
    let oneHot = try klDivergence(
      OneHotCategorical(probs: [0.2, 0.3, 0.5]), OneHotCategorical(probs: [0.4, 0.4, 0.2]))
    expectClose(oneHot, divergence, within: .relative(1e-14))
    let draws = try klDivergence(
      Multinomial(6, probs: [0.2, 0.3, 0.5]), Multinomial(6, probs: [0.4, 0.4, 0.2]))
    expectClose(draws, 6 * divergence, within: .relative(1e-14))
  }

  @Test func massElsewhere() throws {
    for (p, q) in [
      (Binomial(8, probs: 0.3), Binomial(7, probs: 0.8)), (Poisson(1), Bernoulli(probs: 0.5)),
      (Categorical(probs: [0.2, 0.8]), Categorical(probs: [1, 0])),
      (DiscreteUniform(-1, 4), Poisson(2)),
    ] as [(any Distribution, any Distribution)] {
      #expect(try klDivergence(p, q).scalar() == .infinity, "\(p) ‖ \(q)")
    }
  }

  @Test func finiteBatches() throws {
    let p = Bernoulli(probs: Tensor([0.2, 0.6]))
    let q = Poisson(Tensor([[0.5], [1], [2]]))
    let divergence = try klDivergence(p, q)
    let each = [0.5, 1, 2].flatMap { rate in
      [0.2, 0.6].map { Self.sum(Bernoulli(probs: Tensor($0)), Poisson(Tensor(rate)), 0...1) }
    }
    expectClose(divergence, each, shape: [3, 2], within: .relative(1e-13))
  }

  @Test func dirichlet() throws {
    let anchor = try klDivergence(Dirichlet([2, 3, 4]), Dirichlet([1, 1, 1]))
    expectClose([anchor.scalar()], [0.6194062153], within: .relative(0, absolute: 1e-10))
    // Of two categories it is the beta distribution.
    let pair = try klDivergence(Dirichlet([[2.5, 3], [0.7, 4]]), Dirichlet([1.5, 0.8]))
    let beta = try klDivergence(
      Beta(Tensor([2.5, 0.7]), Tensor([3, 4])), Beta(1.5, 0.8))
    expectClose(pair, beta, within: .relative(1e-13))
  }

  // MARK: Normal vectors

  /// ½ (tr(Σ₂⁻¹ Σ₁) + dᵀ Σ₂⁻¹ d − n + log |Σ₂| − log |Σ₁|) by inverses and determinants.
  private static func formula(_ p: (Tensor, Tensor), _ q: (Tensor, Tensor)) -> Double {
    let precision = inverse(q.1)
    let d = p.0 - q.0
    let logDets = slogdet(q.1).logAbs - slogdet(p.1).logAbs
    let quadratic = (d * matmul(precision, d)).sum()
    return 0.5 * (trace(matmul(precision, p.1)) + quadratic - 3 + logDets).scalar()
  }

  @Test func normalVectors() throws {
    let (m, l) = (Tensor([0.1, -1, 2]), Tensor([1, 0, 0.5]))
    let s = Tensor([[2, 0.3, 0.1], [0.3, 1, -0.4], [0.1, -0.4, 1.5]])
    let t = Tensor([[1, -0.2, 0], [-0.2, 0.8, 0.3], [0, 0.3, 2]])
    let w = Tensor([[0.5], [1], [-0.7]])
    let diagonal = Tensor([0.5, 1, 2])
    let low = matmul(w, w.transposed()) + diagonal.embeddingDiagonal()
    let scale = Tensor([0.5, 1.5, 2])
    let product = square(scale).embeddingDiagonal()
    let family: [(any Distribution, Tensor, Tensor)] = [
      (MultivariateNormal(m, covariance: s), m, s), (MultivariateNormal(l, covariance: t), l, t),
      (LowRankMultivariateNormal(l, w, diagonal), l, low),
      (Normal(m, scale).toEvent(1), m, product),
    ]
    for (p, mean, covariance) in family {
      for (q, otherMean, otherCovariance) in family {
        let divergence = try klDivergence(p, q)
        #expect(divergence.shape == [])
        expectClose(
          [divergence.scalar()],
          [Self.formula((mean, covariance), (otherMean, otherCovariance))],
          within: .relative(1e-12, absolute: 1e-13), "\(type(of: p)) ‖ \(type(of: q))")
      }
    }
    let batch = try klDivergence(
      MultivariateNormal(stack([m, l]), covariance: s),
      MultivariateNormal(l, covariance: stack([s, t, s]).expandingDims(at: 1)))
    #expect(batch.shape == [3, 2])
    expectClose(
      [batch.array()[2]], [Self.formula((m, s), (l, t))], within: .relative(1e-12))
  }
}
