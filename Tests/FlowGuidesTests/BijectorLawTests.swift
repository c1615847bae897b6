import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct BijectorLawTests {
  @Test(arguments: FlowBijectorCase.all) func laws(_ subject: FlowBijectorCase) throws {
    try checkLaws(
      of: subject.bijector, event: subject.event, context: subject.context,
      tolerance: subject.tolerance, draws: subject.draws, spread: subject.spread)
  }

  /// Single precision, there and back, of points anywhere within ±20: f(f⁻¹(y)) = y to rounding, and
  /// f⁻¹(f(x)) = x to a quarter of a percent, also where a map flattens what it is given.
  @Test(arguments: FlowBijectorCase.all) func singlePrecision(_ subject: FlowBijectorCase) {
    let (bijector, key) = (subject.bijector, RandomKey(11))
    guard bijector.domain == .real.independent(bijector.eventRank) else { return }
    let x = (20 * (2 * key.uniform([6] + subject.event) - 1)).cast(to: .float32).detached()
    let context = subject.context.map { key.normal([6] + $0).cast(to: .float32).detached() }
    let weights = LawParameters(key: key, spread: subject.spread)
    _ = handle({ bijector.forward(x.cast(to: .float64), context: context) }, with: weights)
    handle(
      {
        let (y, logDet) = bijector.forwardAndLogDet(x, context: context)
        let (back, inverse) = bijector.inverseAndLogDet(y.detached(), context: context)
        let again = bijector.forward(back.detached(), context: context)
        let scale = abs(y).max().scalar()
        expectClose(again, y, within: .relative(1e-4, absolute: 1e-5 * scale), "\(subject)")
        expectClose(back, x, within: .relative(0, absolute: 0.05), "\(subject)")
        expectClose(inverse, -logDet, within: .relative(1e-4, absolute: 1e-4), "\(subject)")
      }, with: LawParameters(weights.met, dtype: .float32))
  }

  /// Every public bijector is among the cases.
  @Test func completeness() throws {
    let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    let declared = try publicStructs(
      in: root.appending(path: "Sources/FlowGuides"),
      conformingTo: ["Bijector", "VectorLayer", "LinearLayer"])
    #expect(declared.count > 25)
    let tried = FlowBijectorCase.all.map { typeNames(in: $0.bijector) }
    #expect(declared.subtracting(tried.joined()) == [])
  }
}
