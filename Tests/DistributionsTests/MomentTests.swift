import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Mean, variance and entropy.
@Suite struct MomentTests {
  /// A distribution states what mpmath knows: NaN where it does not exist, ∞ where it diverges.
  @Test(arguments: DistributionCase.all.filter(\.hasGolden))
  func goldenValues(_ subject: DistributionCase) throws {
    for golden in try DistributionGolden.load(subject) {
      let distribution = subject.distribution(golden.values)
      func expect(
        _ name: String, _ expected: Golden.Number?, _ actual: Tensor?, absolute: Double = 0
      ) throws {
        guard let expected = expected?.value else { return }
        let actual = try #require(actual, "\(subject) does not state its \(name)")
        expectClose(
          actual, [expected], shape: [], within: .relative(1e-10, absolute: absolute),
          "\(name) of \(subject) of \(golden.values)")
      }
      let moments = distribution as? any MomentDistribution
      // A mean near 0 is a difference of terms as large as the deviation, an entropy near 0 one of
      // terms as large as the logarithms of the parameters.
      let deviation = (golden.variance?.value ?? .nan).squareRoot()
      try expect(
        "mean", golden.mean, moments?.mean, absolute: deviation.isFinite ? 1e-14 * deviation : 0)
      try expect("variance", golden.variance, moments?.variance)
      try expect(
        "entropy", golden.entropy, (distribution as? any EntropyDistribution)?.entropy,
        absolute: 100 * golden.cancellation)
    }
  }

  /// They have the shape of the batch, also where the parameters have not, and its dtype.
  @Test(arguments: DistributionCase.all) func shapes(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    for dtype in [DType.float64, .float32] {
      let expanded = subject.distribution(parameters, dtype: dtype).expanded(to: [2, 3])
      let all = Self.stated(expanded)
      let alone = Self.stated(subject.distribution(parameters, dtype: dtype))
      for ((name, value), (_, single)) in zip(all, alone) {
        #expect(value.shape == [2, 3] && single.shape == [], "\(name) of \(subject)")
        #expect(value.dtype == dtype, "\(name) of \(subject)")
        expectClose(
          value.array(), [Double](repeating: single.scalar(), count: 6), within: .bits,
          "\(name) of \(subject)")
      }
    }
  }

  /// Derivatives by the parameters, against finite differences.
  @Test(arguments: DistributionCase.all) func gradients(_ subject: DistributionCase) {
    for (seed, parameters) in subject.draws(3).enumerated() {
      let inputs = subject.smoothParameters.map { Tensor(parameters[$0]) }
      let finite = Self.stated(subject.distribution(parameters)).filter { $0.1.scalar().isFinite }
      guard !inputs.isEmpty, !finite.isEmpty else { continue }
      let names = Set(finite.map(\.0))
      checkGradients(
        of: inputs, order: 1, relative: 1e-6, step: 1e-4, seed: seed + 1,
        "\(names) of \(subject) of \(parameters)"
      ) {
        Self.stated(subject.make(varying: $0, of: parameters)).filter { names.contains($0.0) }
          .map(\.1)
      }
    }
  }

  private static func stated(_ distribution: any Distribution) -> [(String, Tensor)] {
    var result: [(String, Tensor)] = []
    if let moments = distribution as? any MomentDistribution {
      result += [("mean", moments.mean), ("variance", moments.variance)]
    }
    if let entropy = (distribution as? any EntropyDistribution)?.entropy {
      result.append(("entropy", entropy))
    }
    return result
  }
}
