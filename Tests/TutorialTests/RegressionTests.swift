import Foundation
import TestSupport
import Testing

@Suite struct RegressionTests {
  private struct Exact: Decodable {
    let names: [String]
    let means: [Double]
    let sds: [Double]
    let leastSquares: [Double]
  }

  private let tutorial = Tutorial(name: "regression")

  /// The table against the posterior that Tests/Golden/kidiq.py computes.
  @Test func results() throws {
    let exact = try Golden.load("kidiq.json", as: Exact.self)
    let run = try tutorial()
    #expect(run.status == 0 && run.errors.isEmpty)
    for (number, name) in exact.names.enumerated() {
      let row = try run.numbers(after: name)
      let (mean, sd) = (exact.means[number], exact.sds[number])
      #expect(abs(row[0] - mean) < 0.05 * sd, "\(name): \(row), \(mean)")
      #expect(abs(log(row[1] / sd)) < 0.06, "\(name): \(row), \(sd)")
      guard number < 3 else { continue }
      expectClose(
        [row[4]], [exact.leastSquares[number]], within: .relative(0, absolute: 5.1e-3), name)
    }
    let expected = exact.means[0] + exact.means[1] + exact.means[2] * 10 / 15
    let halfWidth = 1.645 * exact.means[3]
    let score = try run.numbers(after: "A child whose mother finished high school")[1]
    #expect(abs(score - expected) < 2)
    let bounds = try run.numbers(after: "in nine cases of ten between")
    expectClose(
      bounds, [expected - halfWidth, expected + halfWidth], within: .relative(0, absolute: 3))
  }

  /// Two runs with a checkpoint between them print what one of both lengths prints.
  @Test func resumes() throws {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "regression-\(UUID().uuidString).safetensors"
    ).path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    func table(_ run: Tutorial.Run) throws -> Substring {
      try #require(run.status == 0, "\(run.errors)")
      let start = try #require(run.output.firstRange(of: "Scores of")).lowerBound
      return run.output[start...]
    }
    let whole = try table(tutorial("--steps", "12000"))
    let half = try tutorial("--steps", "7000", "--checkpoint", file)
    #expect(half.output.contains("Saved to \(file)") && !half.output.contains("Going on"))
    #expect(try table(half) != whole)
    let rest = try tutorial("--steps", "5000", "--checkpoint", file)
    #expect(rest.output.contains("Going on with the fit in \(file)"))
    #expect(try table(rest) == whole)
  }

  @Test func damagedCheckpoint() throws {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "damaged-\(UUID().uuidString).safetensors"
    ).path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Data("no tensors".utf8).write(to: URL(filePath: file))
    let run = try tutorial("--steps", "10", "--checkpoint", file)
    #expect(run.status == 1 && run.errors.contains(file))
    #expect(try Data(contentsOf: URL(filePath: file)) == Data("no tensors".utf8))
  }
}
