import Foundation
import TestSupport
import Testing

@testable import FlowGuides

/// What every architecture promises, at random parameters, the weights of a layer divided by the root
/// of the number of its inputs.
@Suite struct ArchitectureTests {
  private static let cases = ArchitectureCase.all

  private static func random<Result>(
    _ seed: Int, spread: Double = 1, _ body: () throws -> Result
  ) rethrows -> Result {
    try handle(body, with: RandomWeights(seed, spread: spread, isScaled: true))
  }

  /// Every promise of the protocol, of the whole stack: at standard deviations of one half, for at one
  /// of its layers is limited, which the derivatives of a limit make light of.
  @Test(arguments: cases + [.circular]) func laws(_ subject: ArchitectureCase) throws {
    for dimension in subject.dimensions(1, 3) {
      try checkLaws(
        of: Scaled(base: subject.build(dimension), spread: 0.5), event: [dimension],
        tolerance: subject.tolerance, draws: 1)
    }
    guard subject.takesContext else { return }
    let dimension = subject.dimensions(2)[0]
    // Triangles that follow a context stretch so much that differences step over knots of splines.
    let spread = subject.description == "triangular splines" ? 0.25 : 0.5
    try checkLaws(
      of: Scaled(base: subject.build(dimension, context: 2), spread: spread), event: [dimension],
      context: [2],
      tolerance: subject.tolerance, draws: 1)
  }

  /// There and back again, for a hundred sets of parameters with standard deviation 1: every layer,
  /// since a stack of them stretches some directions by so much that nothing could invert it. (One
  /// half for sigmoidal units and mixtures, whose slopes get as small as 10⁻¹³ otherwise.)
  @Test(arguments: cases) func roundTrips(_ subject: ArchitectureCase) {
    let dimension = subject.dimensions(4)[0]
    let close = Tolerance.relative(10 * subject.tolerance, absolute: 10 * subject.tolerance)
    let isFlat = ["naf", "dense", "mixtures"].contains { subject.description.hasPrefix($0) }
    let spread = isFlat ? 0.5 : 1
    var shape: Shape = [5, dimension]
    for layer in subject.build(dimension).parts {
      for seed in 0..<100 {
        Self.random(seed, spread: spread) {
          let x = (3 * RandomKey(seed).normal(shape)).detached()
          let (y, logDet) = layer.forwardAndLogDet(x, context: nil)
          let (back, inverse) = layer.inverseAndLogDet(y.detached(), context: nil)
          expectClose(back, x, within: close, "\(seed)")
          expectClose(inverse, -logDet, within: close, "\(seed)")
          expectClose(layer.forward(back.detached()), y, within: close, "\(seed)")
        }
      }
      shape = layer.forwardShape(shape)
    }
  }

  /// ∫ q = 1 over one coordinate and over two, for the flow and for its inverse: the trapezoidal rule
  /// in variables that spread the tails. (Proximal layers stretch beyond the grid; a test of layers has
  /// one that follows them.)
  @Test(arguments: cases.filter { $0.dimension == nil && $0.description != "proximal" })
  func normalises(_ subject: ArchitectureCase) {
    for (dimension, count, reach) in [(1, 4001, 5), (2, 221, 3.7)]
    where dimension >= subject.leastDimension {
      let line = Tensor.linspace(-reach, reach, count: count)
      let (x, weight) = (sinh(line), cosh(line) * 2 * reach / Double(count - 1))
      let (rows, columns) = (x.expandingDims(at: 1), x.expandingDims(at: 0))
      let plane = [rows, columns].map { $0.broadcast(to: [count, count]) }
      let points = dimension == 1 ? rows : stack(plane, along: -1)
      let weights = dimension == 1 ? weight : outer(weight, weight)
      let bijector = subject.build(dimension)
      for isInverted in [false, true] {
        let base = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
        let flow = TransformedDistribution(base, [isInverted ? bijector.inv : bijector])
        let total = Self.random(3, spread: 0.3) {
          (exp(flow.logProb(points)) * weights).sum().scalar()
        }
        // The density of splines has kinks, for which the grid is coarse.
        let tolerance = subject.description.hasPrefix("nsf") ? 4e-3 : 1e-3
        #expect((total - 1).magnitude < tolerance, "\(dimension) \(isInverted): \(total)")
      }
    }
  }

  /// A draw comes with the density that is found by inverting it, in double and single precision.
  @Test(arguments: cases) func jointDraws(_ subject: ArchitectureCase) {
    for dimension in subject.dimensions(1, 5) {
      for dtype in [DType.float64, .float32] {
        let flow = subject.density(dimension)
        let weights = RandomWeights(2, spread: 0.5, isScaled: true, dtype: dtype)
        handle(
          {
            let (value, logProb) = flow.sampleAndLogProb([50], key: RandomKey(1), dtype: dtype)
            #expect(value.shape == [50, dimension] && logProb.shape == [50])
            #expect(value.dtype == dtype && logProb.dtype == dtype)
            let found = flow.logProb(value.detached())
            let tolerance = dtype == .float64 ? subject.tolerance : 1e-4
            expectClose(
              logProb.array(), found.array(), within: .relative(tolerance, absolute: tolerance),
              "\(dtype)")
          }, with: weights)
      }
    }
  }

  /// A layer of default width lets each coordinate depend on all before it, exactly on those.
  @Test(arguments: [2, 3, 5, 10, 20]) func dependence(_ dimension: Int) {
    let layers: [(String, FlowArchitecture)] = [
      ("maf", .maf(layers: 1)), ("iaf", .iaf(layers: 1)),
      ("iaf gated", .iaf(layers: 1, form: .gated)),
      ("nsf", .nsf(layers: 1, conditioning: .masked)), ("naf", .naf(layers: 1)),
      ("unaf", .unaf(layers: 1)), ("sospf", .sospf(layers: 1)), ("bpf", .bpf(layers: 1)),
      ("bnaf", .bnaf()),
    ]
    for (name, architecture) in layers {
      Self.random(4) {
        // Only the first layer: gates are followed by a scale.
        let layer = architecture.build(dimension: dimension)[0]
        let x = RandomKey(dimension).normal([dimension]).detached()
        let rows = jacobian(of: layer.forward(x), x)
        for (i, row) in rows.enumerated() {
          #expect(row[i] > 0, "\(name)")
          #expect(row[..<i].allSatisfy { $0 != 0 }, "\(name) \(i)")
          #expect(row[(i + 1)...].allSatisfy { $0 == 0 }, "\(name) \(i)")
        }
      }
    }
  }

  /// Every flow of default size starts near the identity: points move little, and standard normal
  /// ones stay so.
  @Test(arguments: ArchitectureCase.defaults) func start(_ subject: ArchitectureCase) {
    let dimension = subject.dimensions(6)[0]
    let layers = subject.build(dimension)
    let x = RandomKey(5).normal([2000, dimension]).detached()
    let (y, logDet) = handle(
      { layers.forwardAndLogDet(x, context: nil) }, with: InitialWeights())
    // Some change the order of coordinates.
    if layers.startsNearIdentity { #expect(abs(y - x).mean().scalar() < 0.1) }
    #expect(abs(logDet).mean().scalar() < 0.1 * Double(dimension))
    let (mean, deviation) = columnMoments(y)
    #expect(abs(mean).max().scalar() < 0.1 && abs(deviation - 1).max().scalar() < 0.1)
  }

  /// Layers too narrow for their coordinates are told by what they need; those of other kinds, or with
  /// fewer dependencies, need less.
  @Test func widths() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.iaf(hidden: [16, 8]).build(dimension: 10)
      }, "iaf: hidden layers of [16, 8] units are too narrow for 10 coordinates", "at least 9 wide")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.maf(hidden: [9]).build(dimension: 10, contextDimension: 1)
      }, "at least 10 wide")
    let chain = (0..<10).map { i in (0..<10).map { i >= 8 && $0 == 0 } }
    #expect(
      FlowArchitecture.iaf(hidden: [1]).build(dimension: 10, dependencies: .graph(chain)).count == 2
    )
    for architecture in [
      FlowArchitecture.maf(hidden: [9]), .maf(hidden: []), .realNVP(hidden: [1]),
    ] {
      #expect(architecture.build(dimension: 10).count > 1)
    }
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.realNVP().build(dimension: 3, dependencies: .sequence(3))
      }, "couplings change halves", "dependence: .all")
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.iaf(layers: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.gf(layers: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.maf().build(dimension: 0)
      })
  }
}
