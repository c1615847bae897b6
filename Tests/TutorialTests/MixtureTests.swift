import Foundation
import TestSupport
import Testing

@Suite struct MixtureTests {
  private struct Exact: Decodable {
    let logEvidence: Double
    let names: [String]
    let means: [Double]
    let sds: [Double]
    let waits: [Int]
    let chances: [Double]
  }

  /// The tables against the posterior that Tests/Golden/geyser.py computes.
  @Test func results() throws {
    let exact = try Golden.load("geyser.json", as: Exact.self)
    let run = try Tutorial(name: "mixture")()
    #expect(run.status == 0 && run.errors.isEmpty)
    for (number, name) in exact.names.enumerated() {
      let row = try run.numbers(after: "\(name) ")
      let (mean, sd) = (exact.means[number], exact.sds[number])
      #expect(abs(row[0] - mean) < 0.08 * sd, "\(name): \(row), \(mean)")
      #expect(abs(log(row[1] / sd)) < 0.08, "\(name): \(row), \(sd)")
    }
    let elbo = try run.numbers(after: "ELBO")
    #expect(elbo[0] < exact.logEvidence + 5 * elbo[1])
    #expect(elbo[0] > exact.logEvidence - 0.05)
    for (wait, chance) in zip(exact.waits, exact.chances) {
      let row = try run.numbers(after: "\(wait) minutes")
      expectClose(row, [chance], within: .relative(0, absolute: 0.02), "\(wait)")
    }
  }
}
