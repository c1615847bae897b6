import FlowGuides
import Synchronization
import Testing

/// An affine map of vectors that keeps every law, with one thing wrong.
private struct Faulty: Bijector {
  enum Fault: Sendable, CaseIterable {
    case logDetWithoutBatch, wrongInverseShape, wrongCodomain, hiddenState, wrongInverse
    case wrongLogDet, inverseLogDetNotNegated, looksAhead, claimsToPreserveVolume
    case hidesThatVolumeIsPreserved, startsFarAway, constantScale, unusedParameter
    case inverseOfOtherParameters, mixesTheBatch, ignoresTheContext, oneContextForAll
    case doublePrecision, overflows, wrongScore, startsUneven
  }

  let fault: Fault?
  private let state = State()

  /// What a bijector must not have.
  private final class State: Sendable {
    private let calls = Mutex(0)

    func count() -> Double {
      calls.withLock { count in
        count += 1
        return Double(count)
      }
    }
  }

  init(_ fault: Fault?) { self.fault = fault }

  var eventRank: Int { 1 }
  var isAutoregressive: Bool { true }
  var isVolumePreserving: Bool { fault == .claimsToPreserveVolume }
  var startsNearIdentity: Bool { fault != .oneContextForAll }
  var codomain: Constraint { fault == .wrongCodomain ? .positive.independent(1) : .realVector }
  func inverseShape(_ shape: Shape) -> Shape {
    fault == .wrongInverseShape ? Shape(shape.dropLast()) + [1] : shape
  }

  private func parameters(isInverse: Bool) -> (shift: Tensor, logScale: Tensor) {
    if fault == .unusedParameter { param("unused", Tensor.zeros([2])) }
    let name = fault == .inverseOfOtherParameters && isInverse ? "other" : "shift"
    let first = fault == .startsFarAway ? 1.0 : 0
    // Deviations of 1.15, 0.83 and 1, whose mean square is 1 again.
    let uneven = fault == .startsUneven ? Tensor([0.466, -0.621, 0]) : Tensor.zeros([3])
    let logScale = param("logScale", uneven)
    return (param(name, Tensor.full([3], first)), 0.3 * logScale)
  }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    var (shift, logScale) = parameters(isInverse: false)
    shift = moved(shift, context)
    var y = exp(fault == .constantScale ? stopGradient(logScale) : logScale) * x + shift
    switch fault {
    case .hiddenState: y = y + 1e-13 * state.count()
    case .looksAhead: y = y + 1e-11 * x.flipped(along: -1)
    case .doublePrecision: y = y.cast(to: .float64)
    case .hidesThatVolumeIsPreserved: y = x + shift
    default: break
    }
    return (y, logDet(logScale, x))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    var (shift, logScale) = parameters(isInverse: true)
    shift = moved(shift, context)
    var x = exp(-logScale) * (y - shift)
    switch fault {
    case .wrongInverse: x = x + 1e-7
    case .hidesThatVolumeIsPreserved: x = y - shift
    default: break
    }
    let logDet = logDet(logScale, x)
    return (x, fault == .inverseLogDetNotNegated ? logDet : -logDet)
  }

  func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    let (y, logDet) = forwardAndLogDet(x, context: context)
    let point = stopGradient(y)
    let (back, inverseLogDet) = inverseAndLogDet(point, context: context)
    let slope = gradient(
      of: (score * back).sum() + inverseLogDet.sum(), withRespectTo: point)
    return (y, logDet, fault == .wrongScore ? slope + 1e-4 : slope)
  }

  private func moved(_ shift: Tensor, _ context: Tensor?) -> Tensor {
    guard let context, fault != .ignoresTheContext else { return shift }
    let isShared = fault == .oneContextForAll && context.rank > 1
    return shift + (isShared ? context.slice(0..<1) : context)
  }

  private func logDet(_ logScale: Tensor, _ x: Tensor) -> Tensor {
    let batch = Shape(x.shape.dropLast())
    let sum = logScale.sum()
    let full = sum.broadcast(to: batch)
    switch fault {
    case .logDetWithoutBatch: return sum
    case .wrongLogDet: return full + 1e-7
    case .hidesThatVolumeIsPreserved: return 0 * full
    case .mixesTheBatch:
      let first = x.selecting(0, along: -1)
      return full + 1e-7 * (first - first.mean())
    case .overflows:
      let first = exp(x.selecting(0, along: -1))
      return full + log(first / first)
    default: return full
    }
  }
}

@Suite struct BrokenBijectorTests {
  private static func check(_ fault: Faulty.Fault?) throws {
    let context: Shape? =
      switch fault {
      case .ignoresTheContext, .oneContextForAll: [3]
      default: nil
      }
    try checkLaws(of: Faulty(fault), event: [3], context: context)
  }

  @Test func soundBijector() throws { try Self.check(nil) }

  /// Each fault breaks the laws that it should and no other.
  @Test(arguments: Faulty.Fault.allCases) private func faults(_ fault: Faulty.Fault) throws {
    let laws: [BijectorLaw] =
      switch fault {
      case .logDetWithoutBatch, .wrongInverseShape: [.shapes]
      case .wrongCodomain: [.sets]
      case .hiddenState: [.determinism]
      case .wrongInverse: [.roundTrip]
      case .wrongLogDet: [.logDet]
      case .inverseLogDetNotNegated: [.inverseLogDet]
      case .looksAhead: [.autoregressive]
      case .claimsToPreserveVolume: [.volumePreserving]
      case .hidesThatVolumeIsPreserved: [.volumePreserving, .parameters]
      case .startsFarAway, .startsUneven: [.nearIdentity]
      case .constantScale: [.gradients]
      case .unusedParameter: [.parameters]
      case .inverseOfOtherParameters: [.roundTrip, .parameters, .singlePrecision]
      case .mixesTheBatch, .oneContextForAll: [.batching]
      case .ignoresTheContext: [.context]
      case .doublePrecision: [.singlePrecision]
      case .overflows: [.farPoints]
      case .wrongScore: [.score]
      }
    let error = #expect(throws: BrokenLaws.self) { try Self.check(fault) }
    let broken = try #require(error)
    #expect(broken.laws == laws, "\(broken)")
  }

  /// A report says what was broken, where, what was expected and what was got.
  @Test func report() throws {
    let error = #expect(throws: BrokenLaws.self) { try Self.check(.wrongLogDet) }
    let broken = try #require(error)
    let violation = try #require(broken.violations.first)
    #expect(violation.law == .logDet)
    let (expected, actual) = (
      try #require(Double(violation.expected.prefix { $0 != " " })),
      try #require(Double(violation.actual))
    )
    #expect((actual - expected - 1e-7).magnitude < 1e-12)
    #expect(violation.subject.hasPrefix("log det of f, element 0 of [] at x = ["))
    #expect(broken.description.hasPrefix("Faulty breaks 1 law:\n  logDet: log det of f"))
  }
}
