import Foundation
import TestSupport
import Testing

@Suite struct HMMTests {
  private struct Exact: Decodable {
    let logEvidence: Double
    let names: [String]
    let means: [Double]
    let sds: [Double]
    /// The chance that each year is busy, and the most probable history given the mean parameters.
    let busy: [Double]
    let history: [Int]
  }

  /// The tables against the posterior that Tests/Golden/earthquakes.py computes.
  @Test func results() throws {
    let exact = try Golden.load("earthquakes.json", as: Exact.self)
    let run = try Tutorial(name: "hmm")()
    #expect(run.status == 0 && run.errors.isEmpty)
    let rows = [
      "calm": "a calm year", "busy": "a busy year", "stay[0]": "calm goes on",
      "stay[1]": "busy goes on",
    ]
    for (name, start) in rows {
      let row = try run.numbers(after: start)
      let number = try #require(exact.names.firstIndex(of: name))
      let (mean, sd) = (exact.means[number], exact.sds[number])
      #expect(abs(row[0] - mean) < 0.12 * sd, "\(name): \(row), \(mean)")
      #expect(abs(log(row[1] / sd)) < 0.12, "\(name): \(row), \(sd)")
    }
    let elbo = try run.numbers(after: "ELBO")
    #expect(elbo[0] < exact.logEvidence + 5 * elbo[1])
    #expect(elbo[0] > exact.logEvidence - 0.15)

    let decades = run.output.split(separator: "\n").filter { $0.contains(/^\d{4} .*[.#]$/) }
      .map { $0.split(separator: " ") }
    try #require(decades.count == 11)
    let probable = decades.map { String($0[1]) }.joined()
    for (year, (printed, chance)) in zip(probable, exact.busy).enumerated() {
      // Nearly even chances may come out on either side.
      if abs(chance - 0.5) > 0.03 { #expect((printed == "#") == (chance > 0.5), "\(1900 + year)") }
    }
    let history = decades.map { String($0[2]) }.joined()
    #expect(history == exact.history.map { $0 == 1 ? "#" : "." }.joined())
  }
}
