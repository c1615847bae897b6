import FlowGuides
import Foundation
import TestSupport
import Testing

struct ArchitectureCase: Sendable, CustomStringConvertible {
  let description: String
  let architecture: FlowArchitecture

  init(_ description: String, _ architecture: FlowArchitecture) {
    self.description = description
    self.architecture = architecture
  }

  static let all: [ArchitectureCase] = [
    .init("nice", .nice(hidden: [8])),
    .init("realNVP", .realNVP(hidden: [8])),
    .init("realNVP asymmetric", .realNVP(layers: 3, hidden: [], form: .asymmetric)),
    .init("maf", .maf(hidden: [8], activation: .tanh)),
    .init("iaf", .iaf(layers: 2, hidden: [8, 8])),
    .init("iaf gated", .iaf(layers: 3, hidden: [6], form: .gated)),
    .init("nsf", .nsf(bins: 4, hidden: [8])),
    .init("nsf masked", .nsf(layers: 2, conditioning: .masked, bins: 4, hidden: [8])),
    .init("nsf inverse", .nsf(layers: 2, conditioning: .inverseMasked, bins: 4, hidden: [8])),
    .init("naf", .naf(units: 4, hidden: [8])),
    .init("naf coupling", .naf(conditioning: .coupling, units: 4, hidden: [8])),
    .init("unaf", .unaf(layers: 2, signal: 3, integrand: [8], hidden: [8])),
    .init("sospf", .sospf(polynomials: 2, degree: 2, hidden: [8])),
    .init("bpf", .bpf(degree: 6, hidden: [8])),
    .init("gf", .gf(layers: 2, components: 3, hidden: [8])),
  ]

  /// On angles, not on all numbers.
  static let circular = ArchitectureCase("ncsf", .ncsf(layers: 2, bins: 4, hidden: [8]))
}

@Suite struct ArchitectureTests {
  private static let cases = ArchitectureCase.all

  private static func flow(
    _ subject: ArchitectureCase, _ dimension: Int, context: Int = 0
  ) -> Compose {
    Compose(subject.architecture.build(dimension: dimension, contextDimension: context))
  }

  /// Every promise of the protocol, at random parameters.
  @Test(arguments: cases + [.circular]) func laws(_ subject: ArchitectureCase) throws {
    for dimension in [1, 3] {
      let flow = Scaled(base: Self.flow(subject, dimension), spread: 0.5)
      try checkLaws(of: flow, event: [dimension], draws: 1)
    }
    let flow = Scaled(base: Self.flow(subject, 2, context: 2), spread: 0.5)
    try checkLaws(of: flow, event: [2], context: [2], draws: 1)
  }

  /// ∫ q = 1 over one coordinate and over two, for the flow and for its inverse: the trapezoidal rule
  /// in variables that spread the tails.
  @Test(arguments: cases) func normalises(_ subject: ArchitectureCase) {
    for (dimension, count) in [(1, 4001), (2, 221)] {
      let line = Tensor.linspace(-3.7, 3.7, count: count)
      let (x, weight) = (sinh(line), cosh(line) * 7.4 / Double(count - 1))
      let (rows, columns) = (x.expandingDims(at: 1), x.expandingDims(at: 0))
      let plane = [rows, columns].map { $0.broadcast(to: [count, count]) }
      let points = dimension == 1 ? rows : stack(plane, along: -1)
      let weights = dimension == 1 ? weight : outer(weight, weight)
      let bijector = Self.flow(subject, dimension)
      for isInverted in [false, true] {
        let base = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
        let flow = TransformedDistribution(base, [isInverted ? bijector.inv : bijector])
        let total = handle(
          { (exp(flow.logProb(points)) * weights).sum().scalar() },
          with: RandomWeights(3, spread: 0.3, isScaled: true))
        // The density of splines has kinks, for which the grid is coarse.
        let tolerance = subject.description.hasPrefix("nsf") ? 4e-3 : 1e-3
        #expect((total - 1).magnitude < tolerance, "\(dimension) \(isInverted): \(total)")
      }
    }
  }

  /// A draw comes with the density that is found by inverting it.
  @Test(arguments: cases) func jointDraws(_ subject: ArchitectureCase) {
    for dimension in [1, 5] {
      let bijectors = subject.architecture.build(dimension: dimension)
      handle(
        {
          let base = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
          let flow = TransformedDistribution(base, bijectors)
          let (value, logProb) = flow.sampleAndLogProb([50], key: RandomKey(1), dtype: .float64)
          #expect(value.shape == [50, dimension] && logProb.shape == [50])
          let found = flow.logProb(value.detached())
          expectClose(logProb, found, within: .relative(1e-9, absolute: 1e-9))
        }, with: RandomWeights(2, spread: 0.5, isScaled: true))
    }
  }

  /// A flow starts near the identity, with default sizes too.
  @Test func start() {
    let defaults: [FlowArchitecture] = [
      .nice(), .realNVP(), .maf(), .iaf(), .iaf(form: .gated), .nsf(),
      .nsf(conditioning: .inverseMasked), .naf(), .unaf(), .sospf(), .bpf(), .gf(),
    ]
    let x = RandomKey(5).normal([500, 6]).detached()
    for (index, architecture) in defaults.enumerated() {
      let flow = Compose(architecture.build(dimension: 6))
      let (y, logDet) = handle({ flow.forwardAndLogDet(x, context: nil) }, with: InitialWeights())
      let change = abs(y - x).mean().scalar()
      let limit = index == 4 ? 0.15 : 0.1
      #expect(change < limit, "\(index): \(change)")
      #expect(abs(logDet).mean().scalar() < limit * 6, "\(index)")
      #expect((square(y).mean().scalar() - 1).magnitude < 0.2, "\(index)")
    }
  }

  @Test func misuse() async {
    await #expect(processExitsWith: .failure) { _ = FlowArchitecture.iaf(layers: 0) }
    await #expect(processExitsWith: .failure) { _ = FlowArchitecture.gf(layers: 0) }
    await #expect(processExitsWith: .failure) { _ = FlowArchitecture.maf().build(dimension: 0) }
  }
}
