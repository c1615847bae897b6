import TestSupport
import Testing

@testable import PPL

@Suite struct MetricTests {
  /// Scales from 0.001 to 1000, with correlations.
  private static let covariance = [1e6, 0.5, -300, 0.5, 1e-6, 2e-4, -300, 2e-4, 1]

  private static func metric(_ kind: MetricKind) throws -> Metric {
    let entries = kind == .dense ? covariance : [1e6, 1e-6, 1]
    return try #require(Metric(kind, covariance: entries, dimension: 3))
  }

  private static func matrix(_ kind: MetricKind) -> [Double] {
    kind == .dense ? covariance : [1e6, 0, 0, 0, 1e-6, 0, 0, 0, 1]
  }

  private static func point(_ values: [Double]) -> PhasePoint {
    let point = PhasePoint(dimension: values.count)
    for (index, value) in values.enumerated() { point.position[index] = value }
    return point
  }

  @Test(arguments: [MetricKind.diagonal, .dense]) func velocity(_ kind: MetricKind) throws {
    let momentum = [2e-3, -700, 0.3]
    let point = Self.point(momentum)
    try Self.metric(kind).multiply(point.position, into: point.velocity)
    for row in 0..<3 {
      let expected = (0..<3).map { Self.matrix(kind)[3 * row + $0] * momentum[$0] }.reduce(0, +)
      #expect((point.velocity[row] / expected - 1).magnitude < 1e-12)
    }
  }

  /// Kinetic energy minus log density; where the density is no number, or infinite, no path goes.
  @Test func energies() {
    let point = Self.point([0, 0])
    for (index, value) in [2.0, -1].enumerated() {
      point.momentum[index] = value
      point.velocity[index] = 3 * value
    }
    point.logDensity = -4
    #expect(point.energy == 7.5 + 4)
    for density in [Double.infinity, -.infinity, .nan] {
      point.logDensity = density
      #expect(point.energy == .infinity)
    }
  }

  /// Momentum · covariance · momentum is χ² with three degrees of freedom: the mean of 20,000 has the
  /// standard deviation 0.0173, that of their squares, 15, the standard deviation 0.19.
  @Test(arguments: [MetricKind.diagonal, .dense]) func momenta(_ kind: MetricKind) throws {
    let metric = try Self.metric(kind)
    var generator = HostGenerator(key: 4)
    let point = PhasePoint(dimension: 3)
    var (sum, squares) = (0.0, 0.0)
    for _ in 0..<20_000 {
      point.refresh(metric, &generator)
      let square = (0..<3).map { point.momentum[$0] * point.velocity[$0] }.reduce(0, +)
      sum += square
      squares += square * square
    }
    #expect((sum / 20_000 - 3).magnitude < 4.9 * 0.0173)
    #expect((squares / 20_000 - 15).magnitude < 4.9 * 0.19)
  }

  /// The sample covariance and a little of the last metric, in the units of both.
  @Test(arguments: [MetricKind.diagonal, .dense]) func estimate(_ kind: MetricKind) throws {
    let points = [[1e3, 2e-3, 1], [-2e3, 1e-3, 0], [500, 4e-3, 2], [0, 0, -3]]
    var estimate = MetricEstimate(kind, dimension: 3)
    for point in points { estimate.add(Self.point(point)) }
    let metric = try estimate.metric(after: Self.metric(kind))
    let means = (0..<3).map { d in points.map { $0[d] }.reduce(0, +) / 4 }
    for column in 0..<3 {
      let unit = Self.point((0..<3).map { $0 == column ? 1 : 0 })
      metric.multiply(unit.position, into: unit.velocity)
      for row in 0..<3 where kind == .dense || row == column {
        let sums = points.map { ($0[row] - means[row]) * ($0[column] - means[column]) }
        let expected =
          4 / 9.0 * sums.reduce(0, +) / 3 + 5e-3 / 9 * Self.matrix(kind)[3 * row + column]
        #expect((unit.velocity[row] - expected).magnitude < 1e-9 * expected.magnitude)
      }
    }
  }

  /// One point tells nothing of a spread.
  @Test func tooFewPoints() throws {
    var estimate = MetricEstimate(.diagonal, dimension: 3)
    estimate.add(Self.point([1, 2, 3]))
    let point = Self.point([1, 1, 1])
    let metric = try estimate.metric(after: Self.metric(.diagonal))
    metric.multiply(point.position, into: point.velocity)
    #expect((0..<3).map { point.velocity[$0] } == [1e6, 1e-6, 1])
  }

  @Test func notPositiveDefinite() {
    #expect(Metric(.dense, covariance: [1, 2, 2, 1], dimension: 2) == nil)
    #expect(Metric(.diagonal, covariance: [1, 0], dimension: 2) == nil)
  }
}
