import TestSupport
import Testing

@testable import Distributions

@Suite struct DistributionDTypeTests {
  /// Parameters decide, whatever is asked for.
  @Test(arguments: DistributionCase.all, [DType.float32, .float64])
  func parametersDecide(_ subject: DistributionCase, _ dtype: DType) {
    let distribution = subject.distribution(subject.draws(1)[0], dtype: dtype)
    for requested in [DType.float32, .float64] {
      let key = RandomKey(41)
      let (value, logProb) = distribution.sampleAndLogProb([3], key: key, dtype: requested)
      // Affine → Sigmoid has its parameters in the bijector; the noise has none.
      let isFree = subject.name.hasSuffix("Affine → Sigmoid")
      let expected = isFree && (requested == .float64) ? DType.float64 : dtype
      #expect(value.dtype == expected, "\(subject) \(requested)")
      #expect(logProb.dtype == expected, "\(subject) \(requested)")
      let alone = distribution.sample([3], key: key, dtype: requested)
      #expect(alone.dtype == expected)
      #expect(distribution.logProb(value).dtype == expected)
    }
  }

  private static let literals: [(String, any Distribution)] = [
    ("Normal", Normal(0, 1)), ("HalfCauchy", HalfCauchy(5)), ("LogNormal", LogNormal(0, 1)),
    ("Bernoulli(probs:)", Bernoulli(probs: 0.3)), ("Bernoulli(logits:)", Bernoulli(logits: 1)),
    ("toEvent", Normal([0, 1], 1).toEvent()),
    ("expanded", Normal(0, 1).expanded(to: [2])),
    ("TransformedDistribution", TransformedDistribution(Normal(0, 1), [Exp()])),
    (
      "Affine",
      TransformedDistribution(Normal(0, 1), [Affine(shift: 1, scale: 2), Sigmoid(), Softplus()])
    ),
  ]

  /// Literal parameters take the dtype asked for, and that of the value.
  @Test(arguments: [DType.float32, .float64]) func literalsFollow(_ dtype: DType) {
    for (name, distribution) in Self.literals {
      let (value, logProb) = distribution.sampleAndLogProb([3], key: RandomKey(42), dtype: dtype)
      #expect(value.dtype == dtype && logProb.dtype == dtype, "\(name)")
      #expect(
        distribution.sample([3], key: RandomKey(42), dtype: dtype).dtype == dtype, "\(name)")
      #expect(distribution.logProb(value).dtype == dtype, "\(name)")
    }
  }

  @Test func mixedParameters() {
    let mixed = Normal(Tensor(0, dtype: .float32), Tensor(1, dtype: .float64))
    #expect(mixed.sample([2], key: RandomKey(43), dtype: .float32).dtype == .float64)
    let half = Normal(Tensor(0, dtype: .float32), 1)
    #expect(half.sample([2], key: RandomKey(43), dtype: .float64).dtype == .float32)
  }

  @Test func defaultDraw() {
    let draw = Normal(0, 1).sample(key: RandomKey(44))
    #expect(draw.dtype == .float64 && draw.shape == [])
  }

  /// float32 constants of the densities are rounded once, not computed in double.
  @Test func numbersOfIntegers() {
    let distribution = Normal(Tensor([1, 2, 3]).cast(to: .float64), 1)
    #expect(distribution.logProb(Tensor([1.0, 2, 3])).dtype == .float64)
    let coin = Bernoulli(logits: Tensor([0.5, 1], dtype: .float32))
    #expect(coin.logProb(Tensor([1, 0])).dtype == .float32, "integer data")
    #expect(coin.logProb(Tensor([true, false])).dtype == .float32, "a mask as data")
  }
}
