import Foundation
import Testing

@Suite struct FlowDensityTests {
  @Test func results() throws {
    let picture = FileManager.default.temporaryDirectory.appending(
      path: "\(UUID().uuidString).svg")
    defer { try? FileManager.default.removeItem(at: picture) }
    let run = try Tutorial(name: "flow-density")("--picture", picture.path)
    #expect(run.status == 0 && run.errors.isEmpty)
    let lines = run.output.split(separator: "\n").map(String.init)
    func numbers(_ start: String, after title: String) throws -> [Double] {
      let first = try #require(lines.firstIndex { $0.hasPrefix(title) })
      let part = lines[first...].joined(separator: "\n")
      return try Tutorial.Run(status: 0, output: part, errors: "").numbers(after: start)
    }
    // No density does better on new points than the negative entropy of the moons: the angle alone has
    // log π + log 2 nats, and the noise across the arcs 0.9.
    let flow = try numbers("flow", after: "Two moons")[0]
    let normal = try numbers("normal", after: "Two moons")[0]
    #expect(flow > normal + 0.7 && flow < -0.9, "\(flow) \(normal)")
    #expect(abs(try numbers("its integral", after: "Two moons")[0] - 1) < 0.02)
    let geyser = try ["normal", "flow"].map { try numbers($0, after: "Old Faithful")[0] }
    #expect(geyser[1] > geyser[0] + 0.1, "\(geyser)")
    for name in ["after short ones", "after long ones"] {
      let waits = try run.numbers(after: name)
      #expect(abs(waits[0] - waits[1]) < 3, "\(waits)")
    }
    let svg = try String(contentsOf: picture, encoding: .utf8)
    #expect(svg.hasPrefix("<svg") && svg.matches(of: /<rect\s/).count == 96 * 64)
  }

  @Test func pictureThatCannotBeWritten() throws {
    let run = try Tutorial(name: "flow-density")("--epochs", "1", "--picture", "/no/such/folder/a")
    #expect(run.status == 1 && run.errors.contains("/no/such/folder/a"))
  }
}
