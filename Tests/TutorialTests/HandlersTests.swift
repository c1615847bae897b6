import Foundation
import TestSupport
import Testing

@Suite struct HandlersTests {
  private static let readings = [9.8, 10.1, 9.9, 10.2, 14]

  private static func normal(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    let z = (x - loc) / scale
    return -0.5 * z * z - log(scale * (2 * Double.pi).squareRoot())
  }

  /// Student's t with three degrees of freedom.
  private static func student(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    let z = (x - loc) / scale
    return log(2 / (Double.pi * 3.0.squareRoot() * scale)) - 2 * log1p(z * z / 3)
  }

  /// Mean and standard deviation of the length, by a trapezoidal sum.
  private static func posterior(
    _ noise: (Double, Double, Double) -> Double
  ) -> (mean: Double, sd: Double) {
    var (total, first, second) = (0.0, 0.0, 0.0)
    for step in 0...20_000 {
      let length = 8 + Double(step) / 4000
      let logDensity = readings.reduce(normal(length, 10, 5)) { $0 + noise($1, length, 0.2) }
      let weight = exp(logDensity)
      (total, first, second) = (
        total + weight, first + weight * length, second + weight * length * length
      )
    }
    let mean = first / total
    return (mean, (second / total - mean * mean).squareRoot())
  }

  @Test func results() throws {
    let run = try Tutorial(name: "handlers")()
    #expect(run.status == 0 && run.errors.isEmpty)
    let lines = run.output.split(separator: "\n")
    let sites = lines[1...3].map { $0.split(separator: " ") }
    #expect(sites.map { $0[0] } == ["severe", "treated", "recovered"])
    #expect(sites.allSatisfy { $0[1] == "true" || $0[1] == "false" })

    // 0.5 · 0.8 · 0.35.
    #expect(try run.numbers(after: "  has a chance of") == [14])

    // Seen: 0.8 of those with the drug are severe, 0.2 of those without. Done: half of either.
    #expect(
      lines.filter { $0.hasPrefix("  recover without") } == [
        "  recover without the drug 60.0 %, with it 45.0 %",
        "  recover without the drug 45.0 %, with it 60.0 %",
      ])
    #expect(run.output.contains("a trace has treated, recovered\n"))

    let terms = [Self.normal(10, 10, 5)] + Self.readings.map { Self.normal($0, 10, 0.2) }
    let all = terms.reduce(0, +)
    for (name, expected) in [("as it is", all), ("scaled", 2 * all), ("masked", all - terms[5])] {
      let printed = try run.numbers(after: "  \(name)")
      expectClose(printed, [expected], within: .relative(0, absolute: 5.1e-5), name)
    }

    let exact = [
      ("normal noise", Self.posterior(Self.normal)),
      ("with HeavyTails", Self.posterior(Self.student)),
    ]
    for (name, exact) in exact {
      let fitted = try run.numbers(after: "  \(name)")
      #expect(abs(fitted[0] - exact.mean) < 0.03, "\(name): \(fitted), \(exact)")
      #expect(abs(fitted[1] - exact.sd) < 0.02, "\(name): \(fitted), \(exact)")
    }
  }
}
