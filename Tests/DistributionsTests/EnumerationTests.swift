import TestSupport
import Testing

@testable import Distributions

/// The values of distributions that have finitely many.
@Suite struct EnumerationTests {
  private static let enumerable = DistributionCase.all.filter {
    $0.distribution($0.draws(1)[0]) is any EnumerableDistribution
  }

  private static func enumerable(
    _ subject: DistributionCase, _ parameters: [Double], dtype: DType = .float64
  ) throws -> any EnumerableDistribution {
    try #require(
      subject.distribution(parameters, dtype: dtype) as? any EnumerableDistribution)
  }

  /// Exactly the support, in order, and masses that sum to one.
  @Test(arguments: enumerable) func values(_ subject: DistributionCase) throws {
    for parameters in subject.draws(20) {
      let distribution = try Self.enumerable(subject, parameters)
      let values = distribution.enumerateSupport()
      let (lower, upper) = subject.support.bounds(parameters)
      #expect(values.array() == Array(stride(from: lower, through: upper, by: 1)), "\(subject)")
      let total = exp(distribution.logProb(values)).sum().scalar()
      #expect((total - 1).magnitude < 1e-14, "\(subject) of \(parameters): \(total)")
    }
  }

  @Test(arguments: enumerable, [DType.float64, .float32])
  func shapes(_ subject: DistributionCase, _ dtype: DType) throws {
    let parameters = subject.draws(1)[0]
    let single = try Self.enumerable(subject, parameters, dtype: dtype)
    let count = single.enumerateSupport(expanded: true, dtype: dtype).shape[0]
    let expanded = single.expanded(to: [2, 3])
    let full = expanded.enumerateSupport(expanded: true, dtype: dtype)
    let thin = expanded.enumerateSupport(expanded: false, dtype: dtype)
    #expect(full.shape == [count, 2, 3] && thin.shape == [count, 1, 1], "\(subject)")
    #expect(full.dtype == dtype && thin.dtype == dtype, "\(subject)")
    expectClose(thin.broadcast(to: full.shape), full)
    #expect(expanded.logProb(thin).shape == [count, 2, 3], "\(subject)")
  }

  /// Every distribution over a finite constant range can be enumerated.
  @Test(arguments: DistributionCase.discrete) func coverage(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    guard subject.support.bounds(parameters).upper.isFinite else { return }
    #expect(
      subject.distribution(parameters) is any EnumerableDistribution,
      "\(subject) has finitely many values")
  }
}
