import Foundation
import PPL
import TestSupport
import Testing

/// Fits that are saved and go on, in another process too.
@Suite struct SVICheckpointTests {
  /// A fit with everything that is carried from step to step: batches, a mutable value, a plate's
  /// random subset, an optimizer with state and a schedule.
  static func make(seed: Int = 3, dtype: DType = .float64, rate: Double = 0.02) throws -> SVI {
    let x = Tensor.linspace(-2, 2.5, count: 10).cast(to: dtype)
    let batches = Batches([x], size: 3)
    return try SVI(
      {
        let loc = sample("loc", Normal(0, 1))
        let mean = mutable("mean", 0)
        assign("mean", 0.9 * mean + 0.1 * loc)
        plate("rows", batches) { sample("x", Normal(loc + 0.01 * mean, 1), observed: $0[0]) }
        plate("others", 8, subsampleSize: 2) { _ in sample("y", Normal(loc, 1), observed: 0.5) }
      },
      guide: {
        sample("loc", Normal(param("loc_q", 0), param("scale_q", 0.3, constraint: .positive)))
      }, optimizer: Adam(.exponential(rate, decay: 0.99)), loss: TraceELBO(particles: 2),
      dtype: dtype, seed: seed)
  }

  private static func path(_ name: String) -> String {
    FileManager.default.temporaryDirectory
      .appendingPathComponent("\(name)-\(UUID().uuidString).safetensors").path
  }

  /// Stopped at any step and taken up by another fit, it ends with the same bits.
  @Test(arguments: [DType.float64, .float32], [0, 1, 7, 12])
  func resumes(_ dtype: DType, _ stop: Int) throws {
    let path = Self.path("resume")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let whole = try Self.make(dtype: dtype)
    let all = try whole.run(steps: 12, showsProgress: false).losses
    let first = try Self.make(dtype: dtype)
    let head = try first.run(steps: stop, showsProgress: false).losses
    try first.save(to: path)
    // The seed of the second does not matter: that of the file does.
    let second = try Self.make(seed: 99, dtype: dtype)
    try second.load(from: path)
    var tail: [Double] = []
    for step in stop..<12 {
      tail.append(
        step % 2 == 0
          ? try second.step() : try second.run(steps: 1, showsProgress: false).losses[0])
    }
    #expect((head + tail).map(\.bits) == all.map(\.bits))
    #expect(second.parameters.values.bits == whole.parameters.values.bits)
    #expect(
      second.parameters.mutable("mean")!.array().map(\.bits)
        == whole.parameters.mutable("mean")!.array().map(\.bits))
  }

  /// Parameters that were saved make the fit again.
  @Test func savedParameters() throws {
    let path = Self.path("parameters")
    defer { try? FileManager.default.removeItem(atPath: path) }
    func model() {
      let z = sample("z", Normal(0, 1))
      sample("x", Normal(z, 0.5), observed: 2)
    }
    let fitted = try fit(model, steps: 200, showsProgress: false)
    try fitted.parameters.save(to: path)
    let svi = try SVI(model, MultivariateNormalGuide(), optimizer: Adam(0.01))
    try svi.loadParameters(from: path)
    let again = try svi.run(steps: 0, showsProgress: false)
    #expect(try again.elbo(particles: 50) == fitted.elbo(particles: 50))
    #expect(
      try again.samplePosterior(5)[0].draws.array() == fitted.samplePosterior(5)[0].draws.array())
    #expect(try svi.step().isFinite)
    #expect(throws: FileError.self) {
      try SVI(model, NormalGuide(), optimizer: Adam()).loadParameters(from: path)
    }
  }

  /// With steps behind it, a fit that takes parameters goes on like one without: the optimizer's
  /// state and its rate, which falls here, begin again.
  @Test func savedParametersAfterSteps() throws {
    let path = Self.path("parameters")
    defer { try? FileManager.default.removeItem(atPath: path) }
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 0.5), observed: 2)
        }, DeltaGuide(), optimizer: Adam(.exponential(0.1, decay: 0.8)))
    }
    let saved = try make()
    try saved.run(steps: 3, showsProgress: false)
    try saved.parameters.save(to: path)
    let (used, fresh) = (try make(), try make())
    try used.run(steps: 15, showsProgress: false)
    for svi in [used, fresh] {
      try svi.loadParameters(from: path)
      try svi.run(steps: 4, showsProgress: false)
    }
    #expect(used.parameters.values.bits == fresh.parameters.values.bits)
    #expect(used.parameters.values.bits != saved.parameters.values.bits)
  }

  /// The same from a process that starts anew.
  @Test func inAnotherProcess() async throws {
    let (saved, finished) = (Self.path("saved"), Self.path("finished"))
    defer { for path in [saved, finished] { try? FileManager.default.removeItem(atPath: path) } }
    let svi = try Self.make()
    try svi.run(steps: 5, showsProgress: false)
    try svi.save(to: saved)
    await #expect(processExitsWith: .success) {
      [saved = saved as String, finished = finished as String] in
      let other = try SVICheckpointTests.make(seed: 8)
      try other.load(from: saved)
      try other.run(steps: 6, showsProgress: false)
      try other.save(to: finished)
    }
    try svi.run(steps: 6, showsProgress: false)
    let back = try Self.make()
    try back.load(from: finished)
    #expect(back.parameters.values.bits == svi.parameters.values.bits)
  }

  /// A file of another fit, or none, is refused by name, and changes nothing.
  @Test func refuses() throws {
    let path = Self.path("refuse")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let svi = try Self.make()
    #expect(throws: FileError.self) { try svi.load(from: path) }
    let other = try SVI(
      { _ = sample("z", Normal(0, 1)) },
      guide: { _ = sample("z", Normal(param("other", 0), 1)) }, optimizer: Adam())
    try other.save(to: path)
    let before = svi.parameters.values.bits
    let error = #expect(throws: FileError.self) { try svi.load(from: path) }
    #expect("\(error!)".contains("loc_q") || "\(error!)".contains("other"))
    try svi.parameters.save(to: path)
    #expect(throws: FileError.self) { try svi.load(from: path) }
    let single = try Self.make(dtype: .float32)
    try single.save(to: path)
    #expect(throws: FileError.self) { try svi.load(from: path) }
    #expect(svi.parameters.values.bits == before)
    try svi.step()
  }
}
