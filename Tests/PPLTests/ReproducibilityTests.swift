import CTensorKernels
import Models
import PPL
import TestSupport
import Testing

/// The same seed gives the same bits: from step and run, from one thread and two.
@Suite struct ReproducibilityTests {
  struct Subject: Sendable, CustomStringConvertible {
    let description: String
    let steps: Int
    let make: @Sendable () throws -> SVI

    init(_ name: String, steps: Int, _ make: @escaping @Sendable () throws -> SVI) {
      description = name
      self.steps = steps
      self.make = make
    }
  }

  static let subjects = [
    Subject("eight schools", steps: 50) {
      try SVI(EightSchools.nonCentered, DiagonalNormalGuide(), optimizer: Adam(0.02), seed: 1)
    },
    Subject("eight schools, 16 particles", steps: 50) {
      try SVI(
        EightSchools.nonCentered, DiagonalNormalGuide(), optimizer: Adam(0.02),
        loss: TraceELBO(particles: 16),
        seed: 2)
    },
    Subject("eight schools, float32", steps: 50) {
      try SVI(
        EightSchools.nonCentered, DiagonalNormalGuide(), optimizer: Adam(0.02),
        loss: TraceELBO(particles: 3),
        dtype: .float32, seed: 3)
    },
    Subject("eight schools, full rank, decaying rate", steps: 50) {
      try SVI(
        EightSchools.nonCentered, MultivariateNormalGuide(),
        optimizer: ClippedAdam(0.05, clipNorm: 1, decay: 0.99), loss: TraceELBO(particles: 2),
        seed: 4)
    },
    Subject("logistic regression", steps: 20) {
      try SVI(
        logistic(rows: 20_000, columns: 20).model, DiagonalNormalGuide(),
        optimizer: Adam(.cosine(0.01, steps: 20)), seed: 5)
    },
    Subject("logistic regression, 4 particles", steps: 20) {
      try SVI(
        logistic(rows: 20_000, columns: 20).model, DiagonalNormalGuide(), optimizer: Adam(0.01),
        loss: TraceELBO(particles: 4), seed: 6)
    },
    Subject("logistic regression, float32, full rank", steps: 20) {
      try SVI(
        logistic(rows: 20_000, columns: 20, dtype: .float32).model, MultivariateNormalGuide(),
        optimizer: Adam(0.01), loss: TraceELBO(particles: 2), dtype: .float32, seed: 7)
    },
    Subject("an optimizer that moves elements about", steps: 5) {
      let model = { plate("n", 2000) { _ = sample("z", Normal(1, 2)) } }
      return try SVI(model, DiagonalNormalGuide(), optimizer: Shuffling(), seed: 9)
    },
    Subject("VAE", steps: 3) { try autoencoder(.float64) },
    Subject("VAE, float32", steps: 3) { try autoencoder(.float32) },
  ]

  private static func logistic(
    rows: Int, columns: Int, dtype: DType = .float64
  ) -> LogisticRegression {
    var generator = SeededGenerator(seed: 11)
    let features = generator.uniform(rows * columns, in: -1...1)
    let labels = (0..<rows).map { _ in generator.chance(0.4) ? 1.0 : 0 }
    return LogisticRegression(
      features: Tensor(features, shape: [rows, columns], dtype: dtype),
      labels: Tensor(labels, dtype: dtype))
  }

  private static func autoencoder(_ dtype: DType) throws -> SVI {
    var generator = SeededGenerator(seed: 12)
    let pixels = (0..<128 * 200).map { _ in generator.chance(0.3) ? 1.0 : 0 }
    let vae = VAE(
      data: Tensor(pixels, shape: [128, 200], dtype: dtype), hidden: 100, codeDimension: 8)
    return try SVI(vae.model, guide: vae.guide, optimizer: Adam(0.001), dtype: dtype, seed: 8)
  }

  private struct Outcome: Equatable {
    let losses: [UInt64]
    let parameters: [String: [UInt64]]

    init(_ losses: [Double], _ svi: SVI) {
      self.losses = losses.map(\.bits)
      parameters = svi.parameters.values.bits
    }
  }

  private static func run(_ subject: Subject) throws -> Outcome {
    let svi = try subject.make()
    return Outcome(try svi.run(steps: subject.steps, showsProgress: false).losses, svi)
  }

  private static func step(_ subject: Subject) throws -> Outcome {
    let svi = try subject.make()
    return Outcome(try (0..<subject.steps).map { _ in try svi.step() }, svi)
  }

  @Test(arguments: subjects) func stepAndRun(_ subject: Subject) throws {
    #expect(try Self.step(subject) == Self.run(subject), "\(subject)")
  }

  @Test(arguments: subjects) func again(_ subject: Subject) throws {
    #expect(try Self.run(subject) == Self.run(subject), "\(subject)")
  }

  /// The number of threads is one for the process, so these have a process to themselves.
  @Test func threads() async {
    await #expect(processExitsWith: .success) {
      for subject in ReproducibilityTests.subjects {
        ctk_set_thread_count(1)
        let single = try ReproducibilityTests.run(subject)
        for count: Int32 in [2, 4] {
          ctk_set_thread_count(count)
          #expect(try ReproducibilityTests.run(subject) == single, "\(subject), \(count) threads")
        }
        ctk_set_thread_count(2)
        #expect(try ReproducibilityTests.step(subject) == single, "steps of \(subject)")
      }
    }
  }

  /// Draws and estimates after the fit, too.
  @Test func posterior() async {
    await #expect(processExitsWith: .success) {
      func draws(_ threads: Int32) throws -> ([[UInt64]], UInt64) {
        ctk_set_thread_count(threads)
        let fit = try ReproducibilityTests.subjects[1].make().run(steps: 20, showsProgress: false)
        let draws = try fit.samplePosterior(20_000).map { $0.draws.array().map(\.bits) }
        return (draws, try fit.elbo(particles: 20_000).mean.bits)
      }
      let (one, two) = (try draws(1), try draws(2))
      #expect(one.0 == two.0 && one.1 == two.1)
    }
  }

  /// Fits in several tasks at once do not disturb each other.
  @Test func concurrentFits() async throws {
    let alone = try Self.subjects.prefix(4).map(Self.run)
    let together = try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
      for (index, subject) in Self.subjects.prefix(4).enumerated() {
        group.addTask { (index, try Self.run(subject)) }
      }
      return try await group.reduce(into: [Int: Outcome]()) { $0[$1.0] = $1.1 }
    }
    for (index, outcome) in alone.enumerated() { #expect(together[index] == outcome) }
  }
}

/// A rule that is no elementwise function of parameters and state: not all of these may be updated
/// where they are.
private struct Shuffling: Optimizer {
  func initialState(_ parameters: Tensor) -> [Tensor] {
    let count = parameters.count
    let ramp = Tensor((0..<count).map { Double($0) / Double(count) }, dtype: parameters.dtype)
    return [ramp, ramp, ramp, ramp]
  }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    // Read backwards; once all elements of another state are new; by a state that comes later.
    let reversed = 0.9 * state[0].flipped(along: 0) + gradient
    let mean = 0.9 * state[1] + gradient
    let size = 0.01 / (1 + square(mean).sum())
    let moved = parameters - (size * state[1] + 0.01 * reversed)
    let kept = 0.5 * state[2] + gradient
    return (moved, [reversed, mean, kept, 0.1 * state[3] + state[2]])
  }
}
