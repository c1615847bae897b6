import TestSupport
import Testing

@testable import Distributions

/// Maps go together where the values of one are points of the next.
@Suite struct CompositionTests {
  /// What fits: subsets, bounds moved by affine maps, points that a base limits, and sets of which
  /// too little is known.
  @Test func fitting() {
    let chains: [[any Bijector]] = [
      [Exp(), Sigmoid()], [Sigmoid(), Exp().inv], [Tanh(), Sin().inv],
      [Cos(), Affine(shift: 0, scale: 9)],
      [Exp(), Affine(shift: 0, scale: 2), Exp().inv],
      [Sigmoid(), Affine(shift: 1, scale: -2), Tanh().inv],
      [Affine(shift: 1, scale: Tensor([2, 3])), Ordered(), Ordered().inv],
      [Softplus(), Exp(), Softplus().inv],
    ]
    for chain in chains { #expect(Compose(chain).parts.count == chain.count) }
    let log = TransformedDistribution(Gamma(2, 1), [Affine(shift: 0, scale: 2), Exp().inv])
    #expect(log.support == Compose([Exp().inv]).codomain)
    // E log(2x) = ψ(2) + log 2 for x ~ Gamma(2, 1).
    let mean = log.sample([100_000], key: RandomKey(1), dtype: .float64).mean().scalar()
    #expect((mean - 1.1159315156584124).magnitude < 4.9 * 0.8031 / 100_000.0.squareRoot())
  }

  /// What does not is an error that names both maps and what they take and give.
  @Test func misfits() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Compose([Tanh(), Exp().inv])
    }
    expectTrap(
      result, "Exp().inv takes what is positive, and a value of Tanh is between -1.0 and 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Compose([Affine(shift: 0, scale: 1), Power(2)])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Compose([Exp(), Affine(shift: 0, scale: -1), Exp().inv])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Compose([Ordered(), StickBreaking().inv])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TransformedDistribution(Normal(0, 1), [Power(2)])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TransformedDistribution(Gamma(2, 1), [Sigmoid().inv])
      })
  }
}
