import Foundation
import PPL
import TestSupport
import Testing

/// R-hat, effective sample sizes and Monte Carlo errors, against ArviZ.
@Suite struct ChainDiagnosticsTests {
  private static let tolerance = Tolerance.relative(1e-10)

  @Test func rHat() throws {
    let kinds: [(String, RHatKind)] = [
      ("rank", .rank), ("bulk", .bulk), ("folded", .folded), ("split", .split), ("whole", .whole),
    ]
    for golden in try DiagnosticsGolden.load().chains {
      for (name, kind) in kinds {
        let expected = try #require(golden.rHat[name]).value
        expectClose(
          PPL.rHat(golden.tensor, kind), [expected], shape: [], within: Self.tolerance,
          "\(name) of \(golden.name)")
      }
    }
  }

  @Test func effectiveSampleSizes() throws {
    let kinds: [(String, ESSKind)] = [
      ("mean", .mean), ("sd", .standardDeviation), ("bulk", .bulk), ("tail", .tail),
      ("q20", .quantile(0.2)),
    ]
    for golden in try DiagnosticsGolden.load().chains {
      for (name, kind) in kinds {
        let expected = try #require(golden.ess[name]).value
        expectClose(
          effectiveSampleSize(golden.tensor, kind), [expected], within: Self.tolerance,
          "\(name) of \(golden.name)")
      }
    }
  }

  @Test func monteCarloErrors() throws {
    for golden in try DiagnosticsGolden.load().chains {
      for (name, kind) in [("mean", MCSEKind.mean), ("sd", .standardDeviation)] {
        let expected = try #require(golden.mcse[name]).value
        expectClose(
          monteCarloStandardError(golden.tensor, kind), [expected], within: Self.tolerance,
          "\(name) of \(golden.name)")
      }
    }
  }

  /// Of Pyro's own tests: the chains 0…9 and 1…10.
  @Test func gelmanRubin() {
    let chains = Tensor((0..<20).map { Double($0 % 10 + $0 / 10) }, shape: [2, 10])
    expectClose(PPL.rHat(chains, .whole), [0.9770084209], within: .relative(1e-10))
    expectClose(PPL.rHat(chains, .split), [2.0655911180], within: .relative(1e-10))
  }

  @Test func elementsAreApart() throws {
    let golden = try DiagnosticsGolden.load().chains
    let (one, other) = (golden[0].tensor, golden[1].tensor.slice(0..<100, along: 1))
    let both = stack([one, other, one, one, other, one], along: 2).reshaped(to: [4, 100, 2, 3])
    for (statistic, name) in [
      ({ PPL.rHat($0) }, "R-hat"), ({ effectiveSampleSize($0) }, "ESS"),
      ({ monteCarloStandardError($0) }, "error"),
    ] as [((Tensor) -> Tensor, String)] {
      let (a, b) = (statistic(one).scalar(), statistic(other).scalar())
      expectClose(statistic(both), [a, b, a, a, b, a], shape: [2, 3], name)
    }
  }

  /// A single chain that drifts is told by its halves.
  @Test func oneChain() {
    let drift = Tensor((0..<200).map { Double($0) + sin(Double($0)) }, shape: [1, 200])
    #expect(PPL.rHat(drift).scalar() > 1.5)
    #expect(PPL.rHat(drift, .whole).scalar().isNaN)
  }

  @Test func whatCannotBeToldIsNaN() {
    let few = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    let holes = Tensor([1.0, 2, .nan, 4, 5, 6, 7, 8], shape: [2, 4])
    for draws in [few, holes] {
      #expect(PPL.rHat(draws).scalar().isNaN)
      #expect(effectiveSampleSize(draws).scalar().isNaN)
      #expect(monteCarloStandardError(draws).scalar().isNaN)
    }
  }

  @Test func singlePrecision() throws {
    let golden = try DiagnosticsGolden.load().chains[0]
    let single = golden.tensor.cast(to: .float32)
    #expect(abs(PPL.rHat(single).scalar() - PPL.rHat(golden.tensor).scalar()) < 1e-5)
  }
}
