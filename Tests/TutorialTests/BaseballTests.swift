import Foundation
import TestSupport
import Testing

@Suite struct BaseballTests {
  private struct Exact: Decodable {
    let logEvidence: Double
    let chances: [Double]
    let logScore: Double
  }

  /// The table against the posteriors that Tests/Golden/baseball.py computes.
  @Test func results() throws {
    let exact = try Golden.load("baseball.json", as: [String: Exact].self)
    let run = try Tutorial(name: "baseball")()
    #expect(run.status == 0 && run.errors.isEmpty)
    let lines = run.output.split(separator: "\n")
    let table = lines[1...18].map { line in
      line.split(separator: " ").suffix(6).compactMap { Double($0) }
    }
    let rest = table.map { $0[5] }
    let verdicts = [
      ("no pooling", "no"), ("full pooling", "full"), ("partial, beta", "beta"),
      ("partial, logits", "logits"), ("same, rewritten", "logits"),
    ]
    for (column, (name, key)) in verdicts.enumerated() {
      let exact = try #require(exact[key])
      let row = try run.numbers(after: name)
      if column != 3 {
        let fitted = table.map { $0[min(column, 3) + 1] }
        expectClose(fitted, exact.chances, within: .relative(0, absolute: 0.008), name)
      }
      let squares = zip(exact.chances, rest).map { ($0 - $1) * ($0 - $1) }
      let error = (squares.reduce(0, +) / 18).squareRoot()
      #expect(abs(row[0] - error) < 0.002, "\(name): \(row), \(error)")
      #expect(abs(row[1] - exact.logScore) < 1, "\(name): \(row), \(exact.logScore)")
      #expect(row[2] < exact.logEvidence + 0.05, "\(name): \(row), \(exact.logEvidence)")
      #expect(row[2] > exact.logEvidence - 0.6, "\(name): \(row), \(exact.logEvidence)")
    }
    // What the tutorial shows: rewritten, the model fits better.
    let bounds = try ["partial, logits", "same, rewritten"].map { try run.numbers(after: $0)[2] }
    #expect(bounds[1] > bounds[0] + 0.1)
  }
}
