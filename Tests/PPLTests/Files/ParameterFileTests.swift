import Foundation
import TestSupport
import Testing

@testable import PPL

@Suite struct ParameterFileTests {
  private static func parameters(
    _ generator: inout SeededGenerator
  ) -> [(name: String, value: Tensor, constraint: Constraint)] {
    let positive = exp(Tensor(generator.uniform(4, in: -9...9), shape: [2, 2]))
    let weights = exp(Tensor(generator.uniform(6, in: -2...2), shape: [2, 3]))
    let square = Tensor(generator.uniform(9, in: -1...1), shape: [3, 3])
    return [
      ("loc", Tensor(generator.uniform(3, in: -5...5)), .real),
      ("matrix", square, .real.independent(2)),
      ("scale", positive, .positive),
      ("share", Tensor(generator.uniform(2, in: 0.1...0.9)), .unitInterval),
      ("weights", weights / weights.sum(axis: -1, keepingAxes: true), .simplex),
      ("cuts", Tensor([-1.5, 0.25, 4]), .ordered),
      ("factor", cholesky(matmul(square, square.transposed()) + Tensor.eye(3)), .lowerCholesky),
      ("none", Tensor([Double](), shape: [0, 2]), .positive),
      ("scalar", Tensor(2.5), .interval(-3, 3)),
    ]
  }

  @Test(arguments: [DType.float64, .float32])
  func `parameters come back with the same bits`(_ dtype: DType) async throws {
    var generator = SeededGenerator(seed: 11)
    let saved = makeStore(
      Self.parameters(&generator), mutables: [("seen", Tensor([3, 4])), ("mean", Tensor(0.3))],
      dtype: dtype)
    var loaded = makeStore(
      Self.parameters(&generator), mutables: [("seen", Tensor([0, 0])), ("mean", Tensor(0.0))],
      dtype: dtype)
    #expect(loaded.packed.bits != saved.packed.bits)
    try await withTemporaryFolder { folder in
      try saved.save(to: "\(folder)/a")
      try loaded.load(from: "\(folder)/a")
      let file = try SafeTensors(contentsOf: "\(folder)/a")
      for name in saved.names { expectSameBits(file[name], saved[name], name) }
      #expect(file["scale_unconstrained"] != nil && file["loc_unconstrained"] == nil)
    }
    expectSameBits(loaded.packed, saved.packed, "all")
    for name in saved.names { expectSameBits(loaded[name], saved[name], name) }
    expectSameBits(loaded.mutable("seen"), Tensor([3, 4]), "seen")
    expectSameBits(loaded.mutable("mean"), Tensor(0.3, dtype: dtype), "mean")
  }

  /// Values as another program would write them, in another order and dtype, without metadata.
  @Test func `a file with constrained values only`() async throws {
    var generator = SeededGenerator(seed: 12)
    var store = makeStore(Self.parameters(&generator))
    let values = Self.parameters(&generator)
    var file = SafeTensors()
    for (name, value, _) in values.reversed() { file[name] = value }
    // What Python's library read and wrote again, with another scale.
    file["scale_unconstrained"] = Tensor.zeros([2, 2])
    try await withTemporaryFolder { folder in
      try file.write(to: "\(folder)/a")
      try store.load(from: "\(folder)/a")
      for (name, value, _) in values {
        expectClose(
          store[name] ?? 0, value, within: .relative(1e-12, absolute: 1e-12), name)
      }
      file["loc"] = Tensor([1, 2, 3])
      try file.write(to: "\(folder)/a")
      try store.load(from: "\(folder)/a")
      expectClose(store["loc"] ?? 0, [1, 2, 3])
    }
  }

  @Test func `the order of the file is taken over`() async throws {
    let (a, b) = (Tensor([1.0, 2.0]), Tensor(3.0))
    var store = makeStore([("a", a * 0, .real), ("b", b, .positive)])
    try await withTemporaryFolder { folder in
      try makeStore([("b", b, .positive), ("a", a, .real)]).save(to: "\(folder)/a")
      try store.load(from: "\(folder)/a")
    }
    #expect(store.names == ["b", "a"])
    expectClose(store["a"] ?? 0, a)
    expectClose(store["b"] ?? 0, b, within: .ulps(2))
  }

  // MARK: Files of other models

  @Test func `another model's file is refused, and nothing changes`() async throws {
    let scale = (name: "scale", value: Tensor([1.0, 2]), constraint: Constraint.positive)
    let loc = (name: "loc", value: Tensor(0.5), constraint: Constraint.real)
    try await withTemporaryFolder { folder in
      let path = "\(folder)/fit"
      func refused(
        _ model: [(name: String, value: Tensor, constraint: Constraint)], _ expected: FileError
      ) {
        var store = makeStore(model)
        let before = store.packed.bits
        #expect(expectFileError(path) { try store.load(from: path) } == expected)
        #expect(store.packed.bits == before && store.names == model.map(\.name))
      }
      try makeStore([scale, loc]).save(to: path)
      refused(
        [scale, loc, ("extra", Tensor(1.0), .real)],
        .missing(path, name: "extra", found: ["scale", "loc"]))
      refused([scale], .unexpected(path, name: "loc", known: ["scale"]))
      refused(
        [scale, ("loc", Tensor(0.5), .positive)],
        .mismatch(
          path, name: "loc", what: "constraint", file: "\"real\"", model: "\"positive\""))
      refused(
        [("scale", Tensor([1.0, 2, 3]), .positive), loc],
        .mismatch(path, name: "scale", what: "shape", file: "[2]", model: "[3]"))
    }
  }

  @Test func `another program's file is refused`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a"
      var store = makeStore(
        [("w", Tensor([0.2, 0.8]), .simplex)], mutables: [("n", Tensor([1, 2]))])
      var file = SafeTensors()
      file["w"] = Tensor([0.5, 0.6])
      file["n"] = Tensor([1, 2])
      try file.write(to: path)
      expectFileError("\"w\"", "value", "0.6", "on the simplex") { try store.load(from: path) }
      for shape in [[], [3], [2, 2], [0]] as [Shape] {
        file["w"] = Tensor.full(shape, 0.5)
        try file.write(to: path)
        expectFileError("\"w\"", "shape", "\(shape)", "[2]") { try store.load(from: path) }
      }
      file["w"] = Tensor([0.5, .nan])
      try file.write(to: path)
      expectFileError("\"w\"", "value", "nan") { try store.load(from: path) }
      file["w"] = Tensor([0.5, 0.5])
      file["n"] = Tensor([1.0, 2])
      try file.write(to: path)
      expectFileError("\"n\"", "float64", "int64") { try store.load(from: path) }
      file["n"] = nil
      try file.write(to: path)
      expectFileError("\"n\"") { try store.load(from: path) }
      file["n"] = Tensor([5, 6])
      file["other"] = Tensor(0.0)
      try file.write(to: path)
      expectFileError("\"other\"", "\"w\"") { try store.load(from: path) }
      expectClose(store["w"] ?? 0, [0.2, 0.8], within: .ulps(4))
      file["other"] = nil
      try file.write(to: path)
      try store.load(from: path)
      expectClose(store["w"] ?? 0, [0.5, 0.5], within: .ulps(4))
      #expect(store.mutable("n")?.intArray() == [5, 6])
    }
  }

  @Test func `a file that was changed by hand is refused`() async throws {
    var store = makeStore([("s", Tensor([1.0, 2]), .positive)])
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a"
      try store.save(to: path)
      var file = try SafeTensors(contentsOf: path)
      file["s"] = Tensor([5.0, 6])
      // Its bytes are right, but for which of the two forms is meant.
      try write(Self.withoutChecksum(file, path), to: path)
      expectFileError(path, "changed by hand") { try store.load(from: path) }
    }
  }

  /// The bytes of a file in which the entry for the checksum has another name.
  private static func withoutChecksum(_ file: SafeTensors, _ path: String) throws -> [UInt8] {
    try file.write(to: path)
    var content = try Data(contentsOf: URL(filePath: path))
    let place = try #require(content.firstRange(of: Data("ppl.checksum".utf8)))
    content[place.upperBound - 1] = UInt8(ascii: "l")
    return Array(content)
  }

  @Test func `a name that is taken`() async throws {
    let store = makeStore([
      ("s", Tensor(1.0), .positive), ("s_unconstrained", Tensor(1.0), .real),
    ])
    try await withTemporaryFolder { folder in
      expectFileError("\"s_unconstrained\"", "Rename") { try store.save(to: "\(folder)/a") }
      let left = try names(in: folder)
      #expect(left == [])
    }
  }
}
