import TestSupport
import Testing

@testable import PPL

/// Runs of one fit one after another, whose steps share plans, against steps taken one by one.
@Suite struct RunPlanTests {
  /// Data that a model reads anew each time.
  private final class Box {
    var rows: Tensor
    var scale = 1.0
    init(_ rows: Tensor) { self.rows = rows }

    /// What is made of the data alone, in the model or in its derivative (such as the power less one),
    /// is computed before the first step.
    func model() {
      let center = sample("center", Normal(0, 10))
      let spread = exp(rows).mean() * scale
      plate("rows", rows.count) {
        let mean = pow(exp(0.1 * center), tanh(rows))
        _ = sample("row", Normal(mean, spread), observed: tanh(rows))
      }
    }
  }

  private static let first: Tensor = [0.4, -1.2, 2.5]
  private static let second: Tensor = [1.3, 0.2, -0.7]
  private static let longer: Tensor = [0.1, 0.2, 0.3, 0.4]

  private static func svi(_ box: Box, particles: Int) throws -> SVI {
    try SVI(
      box.model, DiagonalNormalGuide(), optimizer: Adam(0.05),
      loss: TraceELBO(particles: particles))
  }

  /// The losses of three steps before and after each change.
  private static func losses(
    _ particles: Int, _ changes: [(Box) -> Void], take: (SVI) throws -> [Double]
  ) throws -> [Double] {
    let box = Box(first)
    let svi = try svi(box, particles: particles)
    var losses = try take(svi)
    for change in changes {
      change(box)
      losses += try take(svi)
    }
    return losses
  }

  @Test(arguments: [1, 3]) func `values that change between runs are read`(particles: Int) throws {
    let changes: [(Box) -> Void] = [
      { _ in }, { $0.rows = Self.second }, { $0.scale = 2.5 }, { $0.rows = Self.longer },
      { $0.rows = Self.first },
    ]
    let runs = try Self.losses(particles, changes) {
      try $0.run(steps: 3, showsProgress: false).losses
    }
    let steps = try Self.losses(particles, changes) { svi in
      try (0..<3).map { _ in try svi.step() }
    }
    expectClose(runs, steps, within: .relative(1e-13))
  }

  @Test func `a plan is made again only for another structure`() throws {
    let box = Box(Self.first)
    let svi = try Self.svi(box, particles: 2)
    func plan() throws -> Plan? {
      try svi.run(steps: 2, showsProgress: false)
      return svi.stepPlans?.slope.plan
    }
    let first = try plan()
    box.rows = Self.second
    #expect(try plan() === first)
    box.rows = Self.longer
    #expect(try plan() !== first)
  }
}
