import TestSupport
import Testing

@testable import PPL

@Suite struct LearningRateTests {
  private struct Goldens: Decodable {
    let rates: [String: [Double]]
  }

  struct Subject: Sendable, CustomStringConvertible {
    let description: String
    let rate: LearningRate
  }

  /// As PyTorch's schedulers in optimizers.json.
  static let subjects = [
    Subject(description: "constant", rate: 0.3),
    Subject(description: "exponential", rate: .exponential(0.5, decay: 0.9)),
    Subject(description: "step", rate: .step(0.2, every: 7, decay: 0.3)),
    Subject(description: "multiStep", rate: .multiStep(0.2, at: [4, 9, 30], decay: 0.5)),
    Subject(description: "cosine", rate: .cosine(0.7, to: 0.02, steps: 39)),
    Subject(description: "polynomial", rate: .polynomial(0.4, power: 2.5, steps: 25)),
    Subject(description: "linear", rate: .linear(from: 0.2, to: 0.6, steps: 20)),
    Subject(
      description: "warm-up",
      rate: .linear(from: 0.06, to: 0.6, steps: 6).then(.exponential(0.6, decay: 0.8), at: 6)),
    Subject(description: "function", rate: LearningRate { 0.9 / (1 + 0.25 * $0) }),
  ]

  private static func values(_ rate: LearningRate, _ steps: [Int], _ dtype: DType) -> [Double] {
    steps.map { step in
      let step = Tensor([Double(step)], shape: [], dtype: dtype)
      // A rate must not change the dtype of what it multiplies.
      let product = rate(step) * Tensor([1.0], shape: [], dtype: dtype)
      #expect(product.dtype == dtype && product.shape == [])
      return product.scalar()
    }
  }

  private static func tolerance(_ dtype: DType) -> Tolerance {
    dtype == .float64 ? .relative(1e-12, absolute: 1e-15) : .relative(2e-6, absolute: 1e-7)
  }

  @Test(arguments: subjects, [DType.float32, .float64])
  func goldens(_ subject: Subject, _ dtype: DType) throws {
    let goldens = try Golden.load("optimizers.json", as: Goldens.self)
    let expected = try #require(goldens.rates[subject.description])
    #expect(expected.count == 40 && goldens.rates.count == Self.subjects.count)
    expectClose(
      Self.values(subject.rate, Array(0..<40), dtype), expected, within: Self.tolerance(dtype))
  }

  /// Values that can be seen at a glance, at and after the ends too.
  @Test(arguments: [DType.float32, .float64]) func knownValues(_ dtype: DType) {
    func expectRates(_ rate: LearningRate, _ steps: [Int], _ expected: [Double]) {
      expectClose(Self.values(rate, steps, dtype), expected, within: Self.tolerance(dtype))
    }
    expectRates(2, [0, 7, 1000], [2, 2, 2])
    expectRates(.cosine(0.8, steps: 100), [0, 50, 100, 250], [0.8, 0.4, 0, 0])
    expectRates(.cosine(1, steps: 3), [1, 2], [0.75, 0.25])
    expectRates(.cosine(1, to: 0.2, steps: 2), [0, 1, 2, 9], [1, 0.6, 0.2, 0.2])
    expectRates(
      .polynomial(1.2, to: 0.2, power: 2, steps: 10), [0, 5, 10, 11], [1.2, 0.45, 0.2, 0.2])
    expectRates(.linear(from: 0, to: 1, steps: 4), [0, 1, 4, 5], [0, 0.25, 1, 1])
    expectRates(.step(8, every: 10, decay: 0.5), [9, 10, 19, 20, 39], [8, 4, 4, 2, 1])
    expectRates(.multiStep(0.1, at: []), [0, 50], [0.1, 0.1])
    expectRates(.exponential(3, decay: 0), [0, 1], [3, 0])
  }

  /// Schedules follow one another any number of times, each with its own count.
  @Test func chain() {
    let rate = LearningRate.constant(1)
      .then(.exponential(8, decay: 0.5), at: 2)
      .then(.linear(from: 3, to: 0, steps: 3), at: 5)
    expectClose(
      Self.values(rate, Array(0..<10), .float64), [1, 1, 8, 4, 2, 3, 2, 1, 0, 0],
      within: .relative(1e-14))
    expectClose(
      Self.values(LearningRate.constant(1).then(0.5, at: 0), [0, 1], .float64), [0.5, 0.5],
      within: .bits)
  }

  /// A schedule that follows is not asked for steps before its own start.
  @Test func noStepsBeforeTheStart() {
    let rate = LearningRate.constant(1).then(LearningRate { sqrt($0) }, at: 3)
    expectClose(Self.values(rate, [0, 1, 2, 3, 7], .float64), [1, 1, 1, 0, 2], within: .bits)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.constant(-1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.exponential(1, decay: -0.5)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.step(1, every: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.cosine(1, steps: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.cosine(1, to: -1, steps: 5)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.polynomial(1, power: 0, steps: 5)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.constant(1).then(1, at: -1)
      })
  }
}
