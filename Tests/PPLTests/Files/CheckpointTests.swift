import Foundation
import TestSupport
import Testing

@testable import PPL

@Suite struct CheckpointTests {
  private static let position = Checkpoint.Position(
    key: -(1 << 62) - 1, stepsTaken: 3, updatesMade: 2, stepsSkipped: 1)

  private static func model(_ dtype: DType = .float64) -> ParameterStore {
    makeStore(
      [
        ("loc", Tensor([0.25, -1.5]), .real), ("scale", Tensor(2.0), .positive),
        ("weights", Tensor([0.2, 0.3, 0.5]), .simplex),
      ], mutables: [("mean", Tensor([0.1, 0.2]))], dtype: dtype)
  }

  private static let checkpoint = Checkpoint(
    parameters: model(),
    optimizerState: [Tensor([0.0, 1, 2, 3, 4]), Tensor([0.0, 1, 4, 9, 16])], position: position,
    of: Adam())

  private func expectSame(_ a: Checkpoint, _ b: Checkpoint) {
    expectSameBits(a.parameters.packed, b.parameters.packed, "parameters")
    #expect(a.parameters.names == b.parameters.names)
    for (x, y) in zip(a.parameters.entries, b.parameters.entries) {
      #expect(x.shape == y.shape && x.range == y.range && x.isLate == y.isLate)
      #expect(x.constraint.description == y.constraint.description)
    }
    for (x, y) in zip(a.parameters.mutables, b.parameters.mutables) {
      #expect(x.name == y.name)
      expectSameBits(x.value, y.value, x.name)
    }
    #expect(a.optimizerState.count == b.optimizerState.count)
    for (x, y) in zip(a.optimizerState, b.optimizerState) { expectSameBits(x, y, "state") }
    #expect(a.position == b.position)
  }

  @Test(arguments: [DType.float64, .float32])
  func `comes back with the same bits`(_ dtype: DType) async throws {
    var generator = SeededGenerator(seed: 4)
    var checkpoint = Self.checkpoint
    checkpoint.parameters = Self.model(dtype)
    checkpoint.parameters.packed = Tensor(generator.uniform(5, in: -3...3), dtype: dtype)
    checkpoint.optimizerState = (0..<2).map { _ in
      Tensor(generator.uniform(5, in: -3...3), dtype: dtype)
    }
    try await withTemporaryFolder { folder in
      try checkpoint.write(to: "\(folder)/a")
      let copy = try Checkpoint(contentsOf: "\(folder)/a", for: Self.model(dtype), Adam(0.1))
      expectSame(copy, checkpoint)
    }
  }

  /// Bytes that Python's library has read: see make_safetensors.py.
  @Test func `a file for Python's library`() async throws {
    try await withTemporaryFolder { folder in
      try Self.checkpoint.write(to: "\(folder)/a")
      try expectGolden("\(folder)/a", "checkpoint.safetensors")
      var store = Self.model()
      store.packed = store.packed * 0
      try store.load(from: "\(folder)/a")
      expectSameBits(store.packed, Self.model().packed, "a checkpoint is a file of parameters")
    }
  }

  // MARK: Damage

  private func expectWholeOrError(_ content: [UInt8], _ path: String, _ what: String) throws -> Bool
  {
    try write(content, to: path)
    do throws(FileError) {
      expectSame(
        try Checkpoint(contentsOf: path, for: Self.model(), Adam(0.1)), Self.checkpoint)
      return true
    } catch {
      #expect("\(error)".contains(path), "\(what): \(error)")
      return false
    }
  }

  @Test func `no truncated file is taken`() async throws {
    try await withTemporaryFolder { folder in
      try Self.checkpoint.write(to: "\(folder)/a")
      let whole = try bytes(of: "\(folder)/a")
      for count in 0..<whole.count {
        #expect(
          try !expectWholeOrError(Array(whole[..<count]), "\(folder)/b", "\(count) bytes"))
      }
      #expect(try !expectWholeOrError(whole + [0], "\(folder)/b", "one more"))
      #expect(try expectWholeOrError(whole, "\(folder)/b", "all"))
    }
  }

  /// Of 1,000 damaged files those that are taken hold what was written.
  @Test func `no damaged file is taken for another`() async throws {
    var generator = SeededGenerator(seed: 9)
    try await withTemporaryFolder { folder in
      try Self.checkpoint.write(to: "\(folder)/a")
      let whole = try bytes(of: "\(folder)/a")
      var taken = 0
      for index in 0..<1000 {
        let content = corrupted(whole, &generator)
        if try expectWholeOrError(content, "\(folder)/b", "\(index)"), content != whole {
          taken += 1
        }
      }
      // Spaces behind the header, and little else, mean nothing.
      #expect(taken < 100)
    }
  }

  // MARK: Another fit's

  @Test func `another fit's checkpoint is refused`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a"
      func refused(_ words: String, _ model: ParameterStore, _ optimizer: any Optimizer) {
        expectFileError(path, words) {
          _ = try Checkpoint(contentsOf: path, for: model, optimizer)
        }
      }
      try Self.checkpoint.write(to: path)
      refused("float64", Self.model(.float32), Adam(0.1))
      refused("optimizer", Self.model(), PlainDescent())
      // As many moments, of the same shapes.
      refused("AdamW", Self.model(), AdamW(0.1))
      refused("\"loc\"", makeStore([("scale", Tensor(2.0), .positive)]), Adam(0.1))
      refused("\"other\"", makeStore([("other", Tensor(2.0), .positive)]), Adam(0.1))
      try Self.model().save(to: path)
      refused("no checkpoint", Self.model(), Adam(0.1))
    }
  }

  // MARK: Parameters met late

  /// A parameter on a branch that the model takes later: the file has it, the new fit does not know
  /// it before it meets it.
  @Test func `late parameters wait for the model`() async throws {
    let late = makeSites([
      ("late", Tensor([0.25, 0.75]), .simplex), ("more", Tensor(4.0), .positive),
    ])
    var checkpoint = Self.checkpoint
    checkpoint.parameters.append(late)
    checkpoint.optimizerState = (1...2).map { Tensor([Double](repeating: Double($0), count: 7)) }
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a"
      try checkpoint.write(to: path)
      let resumed = try Checkpoint(contentsOf: path, for: Self.model(), Adam(0.1))
      expectSame(resumed, checkpoint)
      #expect(!resumed.parameters.contains("late") && resumed.parameters["late"] == nil)
      // Saved again before the model has met them.
      try resumed.write(to: path)
      var again = try Checkpoint(contentsOf: path, for: Self.model(), Adam(0.1))
      expectSame(again, checkpoint)
      try again.parameters.settle(makeSites([("late", Tensor([0.5, 0.5]), .simplex)]))
      #expect(again.parameters.contains("late") && !again.parameters.contains("more"))
      expectSameBits(again.parameters["late"], checkpoint.parameters["late"], "late")
      expectFileError("\"more\"", "positive", "real", path) {
        try again.parameters.settle(makeSites([("more", Tensor(4.0), .real)]))
      }
      expectFileError("\"more\"", "[]", "[2]", path) {
        try again.parameters.settle(makeSites([("more", Tensor([4.0, 1]), .positive)]))
      }
      try again.parameters.settle(late)
      again.parameters.append(late)
      expectSame(again, checkpoint)
      for name in again.parameters.names {
        expectSameBits(again.parameters[name], checkpoint.parameters[name], name)
      }
    }
  }

  /// Going back to a checkpoint from before: the model will meet them again.
  @Test func `late parameters that the file lacks are forgotten`() async throws {
    var model = Self.model()
    model.append(makeSites([("late", Tensor(1.0), .real)]))
    try await withTemporaryFolder { folder in
      try Self.checkpoint.write(to: "\(folder)/a")
      let resumed = try Checkpoint(contentsOf: "\(folder)/a", for: model, Adam(0.1))
      expectSame(resumed, Self.checkpoint)
      #expect(resumed.parameters.entry("late") == nil)
    }
  }
}
