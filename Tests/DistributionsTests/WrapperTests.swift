import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Masks, mixtures, points, factors, and extra or missing zeros.
@Suite struct WrapperTests {
  @Test func masks() {
    let base = Normal(Tensor([0.0, 1]), 1)
    let x = Tensor([0.3, 0.4])
    let full = base.logProb(x).array()
    expectClose(base.mask(Tensor([true, false])).logProb(x), [full[0], 0])
    expectClose(base.mask(true).logProb(x), full)
    expectClose(base.mask(false).logProb(x), [0, 0])
    let wide = base.mask(Tensor([true, false], shape: [2, 1]))
    #expect(wide.batchShape == [2, 2])
    expectClose(wide.logProb(x), full + [0, 0], shape: [2, 2])
    let (draw, logProb) = wide.sampleAndLogProb([3], key: RandomKey(1), dtype: .float64)
    expectClose(wide.logProb(draw), logProb, within: .relative(1e-10))
    #expect(Set(draw.array()).count == 12)
    let event = base.toEvent().mask(false)
    #expect(event.batchShape == [] && event.logProb(x).shape == [])
  }

  /// What is masked adds nothing to a gradient, not even NaN.
  @Test func maskedGradients() {
    let scale = Tensor([1.0, 0])
    let slopes = gradient(
      of: Normal(0, scale * 1).mask(Tensor([true, false])).logProb(0.5).sum(), withRespectTo: scale)
    expectClose(slopes, [-0.75, 0], within: .relative(1e-14))
  }

  @Test func mixturesOfVectors() {
    let mixing = Categorical(probs: Tensor([0.3, 0.7]))
    let components = Normal(Tensor([[0.0, 1, 2], [3, 4, 5]]), 1).toEvent(1)
    let mixture = MixtureSameFamily(mixing, components)
    #expect(mixture.batchShape == [] && mixture.eventShape == [3])
    let x = Tensor([0.5, 2, 3])
    let parts = components.logProb(x.expandingDims(at: 0)).array()
    let expected = log(0.3 * exp(parts[0]) + 0.7 * exp(parts[1]))
    expectClose(mixture.logProb(x), [expected], within: .relative(1e-14))
    let general = Mixture(
      mixing,
      [Normal(Tensor([0.0, 1, 2]), 1).toEvent(1), Normal(Tensor([3.0, 4, 5]), 1).toEvent(1)])
    expectClose(general.logProb(x), [expected], within: .relative(1e-14))
    for distribution in [mixture, general] as [any Distribution] {
      let draws = distribution.sample([20_000], key: RandomKey(3), dtype: .float64)
      #expect(draws.shape == [20_000, 3])
      // Of either component as a whole: all coordinates are from the same one.
      let means = (draws - Tensor([0.0, 1, 2])).array()
      let isSecond = stride(from: 0, to: means.count, by: 3).map { row in
        (0..<3).map { means[row + $0] }.reduce(0, +) > 4.5
      }
      let share = Double(isSecond.filter { $0 }.count) / 20_000
      #expect((share - 0.7).magnitude < 0.02)
      let spread = means.reduce(0) { max($0, $1.magnitude) }
      #expect(spread < 9)
    }
    #expect(
      mixture.expanded(to: [4]).sample([2], key: RandomKey(3), dtype: .float64).shape == [2, 4, 3])
    #expect(mixture.mean.shape == [3] && mixture.variance.shape == [3])
    expectClose(mixture.mean, [2.1, 3.1, 4.1], within: .relative(1e-14))
    expectClose(mixture.variance, [2.89, 2.89, 2.89], within: .relative(1e-14))
  }

  /// Components far away and weights of 0: exact values and finite derivatives.
  @Test func mixtureGradientsAtTheEdges() {
    let weights = Tensor([0.0, 1])
    let locs = Tensor([0.0, 1e4])
    let mixture = MixtureSameFamily(Categorical(probs: weights), Normal(locs, 1))
    let logProb = mixture.logProb(Tensor([1e4, 2]))
    expectClose(
      logProb, Normal(1e4, 1).logProb(Tensor([1e4, 2])).array(), within: .relative(1e-15))
    let slopes = gradient(
      of: mixture.logProb(1e4).sum(), withRespectTo: [weights, locs])
    for slope in slopes { #expect(slope.array().map(\.isFinite) == [true, true]) }
    let positive = MixtureSameFamily(Categorical(logits: locs / 1e4), LogNormal(locs, 1))
    let none = positive.logProb(Tensor([-1.0, 0]))
    #expect(none.array() == [-.infinity, -.infinity])
    let outside = gradient(of: none.sum(), withRespectTo: locs).array()
    #expect(outside.map(\.isFinite) == [true, true], "\(outside)")
    checkGradients(of: [Tensor([0.4, 0.6]), Tensor([0.3, 1.2]), Tensor([0.5, 1.5])], "mixture") {
      [
        MixtureSameFamily(Categorical(probs: $0[0]), Normal($0[1], $0[2])).logProb(
          Tensor([0.1, 2, -7])),
        MixtureSameFamily(Categorical(logits: $0[0]), Normal($0[1], $0[2])).logProb(
          Tensor([0.1, 2])),
      ]
    }
  }

  @Test func supportOfMixtures() {
    let bounded = MixtureSameFamily(
      Categorical(probs: [0.5, 0.5]), DiscreteUniform(Tensor([0.0, 10]), Tensor([2.0, 12])))
    #expect(bounded.support.contains(Tensor([1.0, 5, 11])).boolArray() == [true, false, true])
    #expect(bounded.support.isDiscrete)
    let mixed = Mixture(Categorical(probs: [0.5, 0.5]), [HalfCauchy(1), Normal(0, 1)])
    #expect(mixed.support.contains(Tensor([-1.0, 1])).boolArray() == [true, true])
    let same = Mixture(Categorical(probs: [0.5, 0.5]), [LogNormal(0, 1), LogNormal(1, 1)])
    #expect(same.support == .positive)
  }

  @Test func points() {
    let points = Empirical(Tensor([1.0, 2, 2, 5]), logWeights: log(Tensor([0.1, 0.2, 0.3, 0.4])))
    expectClose(
      exp(points.logProb(Tensor([1.0, 2, 5, 3]))), [0.1, 0.5, 0.4, 0], shape: [4],
      within: .relative(1e-14))
    expectClose(points.mean, [3.1], within: .relative(1e-14))
    expectClose(points.variance, [2.49], within: .relative(1e-13))
    let draws = points.sample([100_000], key: RandomKey(4), dtype: .float64).array()
    let found = [1.0, 2, 5].map { value in draws.filter { $0 == value }.count }
    CategoryTests.expectFrequencies(found, [0.1, 0.5, 0.4], 100_000, "Empirical")
    let vectors = Empirical(
      Tensor((0..<12).map(Double.init), shape: [2, 3, 2]), logWeights: Tensor.zeros([2, 3]))
    #expect(vectors.batchShape == [2] && vectors.eventShape == [2])
    #expect(vectors.sample([4], key: RandomKey(5), dtype: .float64).shape == [4, 2, 2])
    expectClose(
      vectors.logProb(Tensor([2.0, 3])), [log(1.0 / 3), -.infinity], shape: [2],
      within: .relative(1e-14))
    #expect(vectors.enumerateSupport().shape == [3, 2, 2])
    #expect(Empirical(Tensor([1.0, 3])).mean.scalar() == 2)
  }

  @Test func units() {
    let unit = Unit(Tensor([0.5, -2]))
    let (draw, logProb) = unit.sampleAndLogProb([3], key: RandomKey(1), dtype: .float64)
    #expect(draw.shape == [3, 2, 0])
    expectClose(logProb, [0.5, -2, 0.5, -2, 0.5, -2], shape: [3, 2])
    #expect(unit.expanded(to: [4, 2]).logProb(Tensor.zeros([0])).shape == [4, 2])
  }

  /// Gates of 0 and 1, certain and impossible zeros: exact values and finite derivatives.
  @Test func gatesAtTheEdges() {
    for gate in [0.0, 1e-300, 0.5, 1] {
      for rate in [0.0, 1e-12, 3, 1000] {
        let (g, r) = (Tensor(gate), Tensor(rate))
        let zero = ZeroInflatedPoisson(r, gate: g).logProb(0)
        let slopes = gradient(of: zero, withRespectTo: [g, r]).map { $0.scalar() }
        let areFinite = slopes.map(\.isFinite) == [true, true]
        #expect(areFinite || exp(-rate) == 0, "\(gate) \(rate): \(slopes)")
        #expect(zero.scalar() <= 0 && zero.scalar() >= -rate)
      }
    }
    checkGradients(of: [Tensor(0.3), Tensor(1.2)], "gates") {
      let x = Tensor([0.0, 1, 4])
      return [
        ZeroInflatedPoisson($0[1], gate: $0[0]).logProb(x),
        ZeroInflatedPoisson($0[1], gateLogits: $0[0]).logProb(x),
        Hurdle(Poisson($0[1]), gate: $0[0]).logProb(x),
        Hurdle(LogNormal($0[0], $0[1]), gateLogits: $0[0]).logProb(x),
      ]
    }
  }

  /// A count that is zero-inflated is a mixture of a zero and the count: the same numbers from the
  /// mixture of the two distributions, from a category summed out by hand, and slopes too.
  @Test func zeroInflationIsAMixture() {
    let counts = Tensor([0.0, 0, 1, 2, 3, 7, 30])
    let forms: [@Sendable (Tensor, Tensor) -> Tensor] = [
      { ZeroInflatedPoisson($1, gate: $0).logProb(counts) },
      { ZeroInflatedPoisson($1, gateLogits: log($0 / (1 - $0))).logProb(counts) },
      { gate, rate in
        let chances = Categorical(probs: stack([gate, 1 - gate]))
        return Mixture(chances, [Delta(0), Poisson(rate)]).logProb(counts)
      },
      { gate, rate in
        let zero = `where`(counts .== 0, log(gate), Tensor(-Double.infinity))
        let parts = stack([zero, log1p(-gate) + Poisson(rate).logProb(counts)])
        return parts.logSumExp(axis: 0)
      },
    ]
    for gate in [1e-6, 0.2, 0.7, 1 - 1e-6] {
      for rate in [0.01, 1.3, 12] {
        let results = forms.map { form -> [Double] in
          let (gate, rate) = (Tensor(gate), Tensor(rate))
          let logProb = form(gate, rate)
          let weighted = (logProb * Tensor((1...7).map(Double.init))).sum()
          let slopes = gradient(of: weighted, withRespectTo: [gate, rate])
          return logProb.array() + slopes.map { $0.scalar() }
        }
        for other in results.dropFirst() {
          expectClose(
            other, results[0], within: .relative(1e-12, absolute: 1e-15), "\(gate) \(rate)")
        }
        // From the formula itself.
        let masses = counts.array().map { k in
          (k == 0 ? gate : 0) + (1 - gate) * exp(k * log(rate) - rate - lgamma(k + 1))
        }
        expectClose(
          Array(results[0].prefix(7)), masses.map { log($0) },
          within: .relative(1e-12, absolute: 1e-13), "\(gate) \(rate)")
      }
    }
  }

  /// A continuous base has no mass at 0 to take away.
  @Test func continuousHurdle() {
    let hurdle = Hurdle(LogNormal(0.5, 1), gate: 0.3)
    expectClose(
      hurdle.logProb(Tensor([0, 2, -1])),
      [log(0.3), log(0.7) + LogNormal(0.5, 1).logProb(2).scalar(), -.infinity],
      within: .relative(1e-14))
    #expect(hurdle.support.contains(Tensor([0.0, 2, -1])).boolArray() == [true, true, false])
    let draws = hurdle.sample([10_000], key: RandomKey(6), dtype: .float64).array()
    let zeros = Double(draws.filter { $0 == 0 }.count)
    #expect((zeros / 10_000 - 0.3).magnitude < 4.9 * sqrt(0.21 / 10_000))
  }
}
