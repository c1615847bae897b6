import TestSupport
import Testing

@testable import Distributions

/// Shapes, gradients and enumeration of distributions over categories and vectors of counts.
@Suite struct CategoryShapeTests {
  private static func rows(_ shape: Shape) -> Tensor {
    var generator = SeededGenerator(seed: 3)
    return Tensor(generator.uniform(shape.elementCount, in: 0.1...2), shape: shape)
  }

  @Test func shapes() {
    let values = Self.rows([2, 3, 4])
    let scalars: [any Distribution] = [
      Categorical(probs: values), Categorical(logits: values),
      OrderedLogistic(Self.rows([2, 3]), values.cumulativeSum(along: -1)),
    ]
    for distribution in scalars {
      #expect(distribution.batchShape == [2, 3] && distribution.eventShape == [])
      let draw = distribution.sample([5], key: RandomKey(1), dtype: .float64)
      #expect(draw.shape == [5, 2, 3] && distribution.logProb(draw).shape == [5, 2, 3])
      let wide = distribution.expanded(to: [6, 2, 3])
      #expect(wide.sample([], key: RandomKey(1), dtype: .float64).shape == [6, 2, 3])
      #expect(wide.logProb(0).shape == [6, 2, 3])
    }
    let vectors: [any Distribution] = [
      OneHotCategorical(probs: values), Multinomial(5, probs: values),
      Multinomial(Tensor([[1.0], [7]]), logits: values), DirichletMultinomial(values, 3),
    ]
    for distribution in vectors {
      #expect(distribution.batchShape == [2, 3] && distribution.eventShape == [4])
      let draw = distribution.sample([5], key: RandomKey(1), dtype: .float64)
      #expect(draw.shape == [5, 2, 3, 4] && distribution.logProb(draw).shape == [5, 2, 3])
      #expect(distribution.logProb(draw).array().allSatisfy { $0 <= 0 && $0.isFinite })
      let wide = distribution.expanded(to: [6, 2, 3])
      let draws = wide.sample([], key: RandomKey(1), dtype: .float32)
      #expect(draws.shape == [6, 2, 3, 4] && draws.dtype == .float64)
      #expect(wide.logProb(draws).shape == [6, 2, 3])
    }
  }

  /// Looked up in a table or picked on the way: the same numbers.
  @Test func bothWaysOfLookingUp() {
    let values = Self.rows([2, 3, 4])
    let distribution = Categorical(logits: values)
    let one = Tensor([0.0, 3, 1, 2, 2, 0], shape: [2, 3])
    let many = distribution.logProb(stack([one, one + 0, 3 - one]))
    expectClose(
      many.selecting(1, along: 0), distribution.logProb(one), within: .relative(1e-14))
    expectClose(
      many.selecting(2, along: 0), distribution.logProb(3 - one), within: .relative(1e-14))
    expectClose(
      Categorical(probs: exp(values)).logProb(stack([one, 3 - one])),
      stack([many.selecting(0, along: 0), many.selecting(2, along: 0)]), within: .relative(1e-13))
  }

  @Test func gradients() {
    let values = Self.rows([3, 4])
    let one = Tensor([0.0, 3, 2])
    let many = Tensor([0.0, 3, 2, 1, 1, 0], shape: [2, 3])
    let counts = Tensor([[3.0, 0, 1, 2], [6, 0, 0, 0], [1, 1, 2, 2]])
    checkGradients(of: [values], "Categorical") {
      [
        Categorical(probs: $0[0]).logProb(one), Categorical(logits: $0[0]).logProb(many),
        Categorical(probs: $0[0]).logProb(many), Categorical(logits: $0[0]).logProb(one),
        Categorical(logits: $0[0]).entropy, Categorical(probs: $0[0]).variance,
      ]
    }
    checkGradients(of: [values], "vectors") {
      [
        Multinomial(6, probs: $0[0]).logProb(counts), Multinomial(6, logits: $0[0]).logProb(counts),
        DirichletMultinomial($0[0], 6).logProb(counts),
        OneHotCategorical(logits: $0[0]).logProb(Tensor.eye(4).slice(0..<3)),
        OneHotCategorical(probs: $0[0]).entropy,
      ]
    }
    checkGradients(of: [Tensor(0.3), Tensor([-1, 0.2, 2.5])], "OrderedLogistic") {
      [OrderedLogistic($0[0], $0[1]).logProb(Tensor([0.0, 1, 2, 3]))]
    }
  }

  /// Probabilities of exactly 0 and 1, logits of −∞, and impossible values: no NaN in the gradient.
  @Test func gradientsAtTheEdges() {
    let probs = Tensor([0, 0.25, 0, 0.75])
    let logits = Tensor([-.infinity, 800, -800, 0.5])
    let certain = Tensor([1.0, 0, 0])
    func check(_ what: String, _ input: Tensor, _ f: (Tensor) -> Tensor) {
      let slopes = gradient(of: f(input).sum(), withRespectTo: input).array()
      let areFinite = slopes.allSatisfy(\.isFinite)
      #expect(areFinite, "\(what): \(slopes)")
    }
    let possible = Tensor([1.0, 3, 1, 7, -1, 0.5])
    check("Categorical", probs) { Categorical(probs: $0).logProb(possible) }
    check("Categorical rows", probs) {
      Categorical(probs: $0.broadcast(to: [6, 4])).logProb(possible)
    }
    check("Categorical logits", logits) { Categorical(logits: $0).logProb(possible) }
    check("entropy", probs) { Categorical(probs: $0).entropy }
    check("entropy", logits) { Categorical(logits: $0).entropy }
    check("OneHot", certain) { OneHotCategorical(probs: $0).logProb(Tensor([1.0, 0, 0])) }
    let counts = Tensor([[0.0, 2, 0, 3], [0, 0, 0, 5], [9, 0, 0, 0]])
    check("Multinomial", probs) { Multinomial(5, probs: $0).logProb(counts) }
    check("Multinomial", logits) { Multinomial(5, logits: $0).logProb(counts) }
    check("Multinomial", certain) { Multinomial(5, probs: $0).logProb(Tensor([5.0, 0, 0])) }
    check("DirichletMultinomial", Tensor([1e-300, 2, 1e300, 1])) {
      DirichletMultinomial($0, 5).logProb(counts)
    }
    check("OrderedLogistic", Tensor([-800.0, 0, 800])) {
      OrderedLogistic(0.3, $0).logProb(Tensor([0.0, 1, 2, 3, 4, -1]))
    }
    for (x, chance) in [(0.0, 0.0), (5, 1), (2, 0.3), (7, 0.3), (-1, 0)] {
      check("Binomial(\(chance)) at \(x)", Tensor(chance)) {
        Binomial(5, probs: $0).logProb(Tensor(x))
      }
      check("Binomial logits at \(x)", Tensor(x == 0 ? -900 : 900)) {
        Binomial(5, logits: $0).logProb(Tensor(x))
      }
    }
    check("Geometric", Tensor(1.0)) { Geometric(probs: $0).logProb(0) }
    check("NegativeBinomial", Tensor(0.0)) { NegativeBinomial(2, probs: $0).logProb(0) }
    check("Poisson", Tensor(0.0)) { Poisson($0).logProb(0) }
    check("Bernoulli", Tensor(0.0)) { Bernoulli(probs: $0).logProb(0) }
  }

  @Test func enumeration() async {
    let hot = OneHotCategorical(probs: Self.rows([2, 3, 4]))
    let faces = hot.enumerateSupport(expanded: false, dtype: .float64)
    #expect(faces.shape == [4, 1, 1, 4])
    #expect(hot.enumerateSupport().shape == [4, 2, 3, 4])
    #expect((exp(hot.logProb(faces)).sum(axis: 0) - 1).max().scalar() < 1e-14)
    let category = Categorical(logits: Self.rows([2, 3, 4]))
    #expect(category.enumerateSupport(expanded: false, dtype: .float32).shape == [4, 1, 1])
    #expect(
      (exp(category.logProb(category.enumerateSupport())).sum(axis: 0) - 1).max().scalar() < 1e-14)
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Binomial(Tensor([3, 4]), probs: 0.5).enumerateSupport()
    }
    expectTrap(result, "Binomial: enumerateSupport needs one totalCount for the whole batch")
  }

  @Test func invalidParameters() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Categorical(probs: [0.5, -0.5])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Categorical(logits: Tensor([0, .infinity]))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Categorical(probs: 0.5)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Multinomial(2.5, probs: [0.5, 0.5])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = DirichletMultinomial([1, 0], 3)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = OrderedLogistic(0, [1, 0])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = DiscreteUniform(3, 2)
      })
    #expect(Categorical(logits: Tensor([0, -.infinity])).logProb(1).scalar() == -.infinity)
  }

  /// Literal parameters take the dtype of the value.
  @Test func literals() {
    let x = Tensor([0, 1], dtype: .float32)
    let all: [any Distribution] = [
      Categorical(probs: [0.2, 0.8]), Categorical(logits: [0.2, 0.8]), Binomial(3, probs: 0.5),
      Poisson(2), NegativeBinomial(2, logits: 0.3), GammaPoisson(2, 1), NegativeBinomial2(2, 1),
      BetaBinomial(1, 2, 3), Geometric(probs: 0.5), DiscreteUniform(0, 3),
      OrderedLogistic(0, [0, 1]),
      ZeroInflatedPoisson(3, gate: 0.5), Hurdle(Poisson(3), gateLogits: 0.5), Bernoulli(probs: 0.5),
    ]
    for distribution in all {
      #expect(distribution.logProb(x).dtype == .float32, "\(distribution)")
      let draw = distribution.sample([3], key: RandomKey(1), dtype: .float32)
      #expect(draw.dtype == .float32, "\(distribution)")
      #expect(distribution.logProb(Tensor([0, 1])).dtype == .float64, "\(distribution)")
    }
  }
}
