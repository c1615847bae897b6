import Foundation
import TestSupport
import Testing

@Suite struct GettingStartedTests {
  /// Beta(16, 14).
  private static let mean = 16.0 / 30
  private static let sd = (16.0 * 14 / (30 * 30 * 31)).squareRoot()
  /// Of B(16, 14) / B(10, 10).
  private static let logEvidence = logBeta(16, 14) - logBeta(10, 10)

  private static func logBeta(_ a: Double, _ b: Double) -> Double {
    lgamma(a) + lgamma(b) - lgamma(a + b)
  }

  /// Exact values as the closed forms have them, and the fits near them.
  @Test func fits() throws {
    let run = try Tutorial(name: "getting-started")()
    #expect(run.status == 0 && run.errors.isEmpty)
    let exact = try run.numbers(after: "exact")
    expectClose(
      [exact[0], exact[1]], [Self.mean, Self.sd], within: .relative(0, absolute: 5.1e-4))
    expectClose([exact[5]], [Self.logEvidence], within: .relative(0, absolute: 5.1e-6))
    for guide in ["Beta guide", "normal guide"] {
      let fitted = try run.numbers(after: guide)
      expectClose(
        Array(fitted[0..<5]), Array(exact[0..<5]), within: .relative(0, absolute: 0.006), guide)
      let (elbo, error) = (fitted[5], fitted[6])
      #expect(elbo < Self.logEvidence + 5 * error + 1e-5, "\(guide)")
      #expect(elbo > Self.logEvidence - 0.003, "\(guide)")
    }
    let found = try run.numbers(after: "The guide found Beta")
    expectClose(Array(found[0..<2]), [16, 14], within: .relative(0.05))
    let next = try run.numbers(after: "The next toss is heads in")[0]
    #expect(abs(next - Self.mean) < 0.012)
  }

  @Test func seeds() throws {
    let outputs = try ["0", "0", "1"].map {
      try Tutorial(name: "getting-started")("--steps=20", "--seed", $0).output
    }
    #expect(outputs[0] == outputs[1] && outputs[0] != outputs[2])
  }
}
