import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct NormalizationTests {
  private static let data =
    (Tensor([2, -3, 0.5]) + Tensor([0.1, 4, 1])
    * RandomKey(1).normal([50, 3])).detached()

  private static func expectStandard(_ x: Tensor) {
    let (mean, deviation) = columnMoments(x.reshaped(to: [x.count / 3, 3]))
    expectClose(mean, [0, 0, 0], within: .relative(0, absolute: 1e-12))
    expectClose(deviation, [1, 1, 1], within: .relative(1e-12))
  }

  /// From the first call on, values have mean 0 and standard deviation 1; so have points, backwards
  /// from data; also with layers in between whose parameters are those in force.
  @Test func dataDependentStart() {
    let between: [any Bijector] = [LULinear(dimension: 3, name: "lu"), Reverse()]
    let values = ActNorm(
      dimension: 3, name: "a", normalizing: .values(of: Self.data, through: between))
    let points = ActNorm(
      dimension: 3, name: "b", normalizing: .points(of: Self.data, through: between))
    #expect(!values.startsNearIdentity && !points.startsNearIdentity)
    struct LU: Handler {
      func process(_ site: inout Site) {
        if site.name == "lu.upper" {
          site.value = Tensor([[2, 0, 0], [1, 3, 0], [-1, 0.5, 0.1]])
        }
      }
    }
    handle(
      {
        let moved = Compose(between + [values]).forward(Self.data)
        Self.expectStandard(moved)
        let back = Compose([points] + between).inverse(Self.data)
        Self.expectStandard(back)
        // A batch of several axes.
        let folded = ActNorm(
          dimension: 3, name: "c",
          normalizing: .values(of: Self.data.reshaped(to: [5, 10, 3]), through: []))
        Self.expectStandard(folded.forward(Self.data))
      }, with: LU())
  }

  /// The statistics enter a fit as parameters, once: later values are another batch's.
  @Test func startInAFit() throws {
    let norm = ActNorm(
      dimension: 3, name: "norm", normalizing: .points(of: Self.data, through: []))
    let base = Normal(0, 1).expanded(to: [3]).toEvent(1)
    let data = Self.data
    let model = { @Sendable in
      factor("x", TransformedDistribution(base, [norm]).logProb(data).sum())
    }
    let svi = try SVI(model, EmptyGuide(), optimizer: Adam(1e-9), seed: 1)
    _ = try svi.step()
    let shift = try #require(svi.parameters["norm.shift"])
    expectClose(shift, columnMoments(data).mean.array(), within: .relative(1e-6))
  }

  /// A guide of a model without latent variables.
  struct EmptyGuide: Guide {
    func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void { {} }
  }

  /// Batch statistics move the running ones, which the next step uses.
  @Test func runningStatistics() throws {
    let norm = BatchNorm(dimension: 3, momentum: 0.25, name: "norm")
    let recorded = try trace { _ = norm.inverse(Self.data) }
    let assigned = Dictionary(
      uniqueKeysWithValues: recorded.assignments.map { ($0.name, $0.value) })
    let (mean, deviation) = columnMoments(Self.data)
    let newMean = try #require(assigned["norm.mean"])
    let newVariance = try #require(assigned["norm.variance"])
    expectClose(newMean, (0.25 * mean).array(), within: .relative(1e-14))
    expectClose(
      newVariance, (0.75 + 0.25 * square(deviation)).array(), within: .relative(1e-14))
    // Neither forward nor a single value moves them.
    let quiet = try trace {
      _ = norm.forward(Self.data)
      _ = norm.inverse(Self.data.selecting(0, along: 0))
    }
    #expect(quiet.assignments.isEmpty)
  }

  /// What is drawn does not move them, with its score either.
  @Test func statisticsOfDraws() throws {
    let norm = BatchNorm(
      mean: Tensor([0.3, -1, 2]), variance: Tensor([1.5, 0.2, 3]), momentum: 0.25, name: "norm")
    let before = RandomKey(2).normal([50, 3]).detached()
    let recorded = try seeded(key: RandomKey(0)) {
      try trace {
        let (_, _, score) = norm.forwardWithScore(Self.data, score: before, context: nil)
        expectClose(
          score, before / sqrt(Tensor([1.5, 0.2, 3]) + 1e-5), within: .relative(1e-14))
      }
    }
    #expect(recorded.assignments.isEmpty)
  }

  /// A coordinate that is the same in all rows has no deviation to be scaled to 1.
  @Test(arguments: [DType.float64, .float32]) func constantColumn(_ dtype: DType) {
    // The mean of 50 numbers of 0.1 is not exactly 0.1.
    let columns = [
      Self.data.slice(0..<1, along: 1), Tensor.full([50, 1], 0.1), Tensor.zeros([50, 1]),
    ]
    let data = concat(columns, along: 1).cast(to: dtype)
    for normalization in [
      ActNorm.Normalization.values(of: data, through: []), .points(of: data, through: []),
    ] {
      let norm = ActNorm(dimension: 3, name: "norm", normalizing: normalization)
      let (y, logDet) = handle(
        { norm.forwardAndLogDet(data, context: nil) }, with: InitialWeights())
      let shift = Double(dtype == .float32 ? Float(0.1) : 0.1)
      #expect(y.array().allSatisfy(\.isFinite) && logDet.array().allSatisfy(\.isFinite))
      let offset = abs(y - data).selecting(1, along: 0).array()
      #expect((offset[1] - shift).magnitude < 1e-6 && offset[2] == 0)
    }
  }

  /// In a fit the statistics converge to those of the data, and points to mean 0 and variance 1.
  @Test func convergence() throws {
    let norm = BatchNorm(dimension: 3, momentum: 0.5, name: "norm")
    let base = Normal(0, 1).expanded(to: [3]).toEvent(1)
    let data = Self.data
    let model = { @Sendable in
      factor("x", TransformedDistribution(base, [norm]).logProb(data).sum())
    }
    let svi = try SVI(model, EmptyGuide(), optimizer: Adam(1e-9), seed: 1)
    let fit = try svi.run(steps: 60, showsProgress: false)
    let (mean, deviation) = columnMoments(data)
    expectClose(
      try #require(fit.parameters.mutable("norm.mean")), mean.array(), within: .relative(1e-12))
    expectClose(
      try #require(fit.parameters.mutable("norm.variance")), square(deviation).array(),
      within: .relative(1e-12))
  }
}
