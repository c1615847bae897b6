import Foundation
import TestSupport
import Testing

@testable import PPL

@Suite struct SafeTensorsTests {
  // MARK: Python's library

  /// See make_safetensors.py, which wrote the file.
  @Test func `a file of Python's library`() throws {
    let path = Golden.folder.appending(path: "safetensors/python.safetensors").path()
    let file = try SafeTensors(contentsOf: path)
    let halves = [1, -2.5, 65504, 0x1p-24, -0x1p-14, .infinity]
    let expected: [(String, Tensor)] = [
      ("doubles", Self.doubles), ("floats", Self.floats), ("whole", Self.whole),
      ("mask", Tensor([true, false, true])), ("scalar", Tensor(2.5)),
      ("empty", Tensor([Double](), shape: [0, 3], dtype: .float32)),
      ("μ \"quoted\"", Tensor([7.0])),
      ("half", Tensor(halves, dtype: .float32)),
      ("brain", Tensor([1, -3.140625, 0x1p-133, .infinity], dtype: .float32)),
      ("int32", Tensor([-0x8000_0000, 0x7FFF_FFFF])), ("int16", Tensor([-0x8000, 0x7FFF])),
      ("int8", Tensor([-128, 127])), ("uint32", Tensor([0, 0xFFFF_FFFF])),
      ("uint16", Tensor([0, 0xFFFF])), ("uint8", Tensor([0, 255])),
    ]
    #expect(file.names.sorted() == expected.map(\.0).sorted())
    for (name, tensor) in expected { expectSameBits(file[name], tensor, name) }
    #expect(file.metadata == ["made by": "Python", "β": "1/2"])
  }

  /// Bytes that Python's library has read: see make_safetensors.py.
  @Test func `a file for Python's library`() async throws {
    try await withTemporaryFolder { folder in
      var file = SafeTensors()
      file["mask"] = Tensor([true, false, true])
      file["scalar"] = Tensor(2.5)
      file["floats"] = Self.floats
      file["doubles"] = Self.doubles
      file["empty"] = Tensor([Double](), shape: [0, 3], dtype: .float32)
      file["whole"] = Self.whole
      file["μ \"quoted\"/\\"] = Tensor([7.0])
      file.metadata["note"] = "line\nbreak, β"
      try file.write(to: "\(folder)/a")
      try expectGolden("\(folder)/a", "swift.safetensors")
    }
  }

  // The sign of NaN is the processor's choice in arithmetic, not in a constant.
  private static let doubles = Tensor(
    [1.5, -0.0, .infinity, .nan, .leastNonzeroMagnitude, -1 / 3], shape: [2, 3])
  private static let floats = Tensor([0.1, -3e38, .leastNonzeroMagnitude] as [Float])
  private static let whole = Tensor([Int.min, Int.max], shape: [2, 1])

  // MARK: Round trips

  @Test func `every type and shape comes back with the same bits`() async throws {
    var generator = SeededGenerator(seed: 3)
    var file = SafeTensors()
    for dtype in DType.allCases {
      for shape in [[], [1], [7], [0], [3, 5], [2, 0, 4], [1, 2, 3, 1, 2, 1, 1, 2]] as [Shape] {
        // Any bits are numbers, also NaN with a payload.
        let storage = Storage(byteCount: shape.elementCount * dtype.byteCount)
        for index in 0..<storage.byteCount {
          let byte = UInt8(generator.below(dtype == .bool ? 2 : 256))
          storage.pointer.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
        file["\(dtype) \(shape)"] = Tensor(storage: storage, shape: shape, dtype: dtype)
      }
    }
    file["computed"] = exp(Tensor([1.0, 2.0])).sum()
    file.metadata = ["": "", "two": "\u{0}\u{1F600}"]
    try await withTemporaryFolder { folder in
      try file.write(to: "\(folder)/a")
      let copy = try SafeTensors(contentsOf: "\(folder)/a")
      #expect(copy.names.sorted() == file.names.sorted())
      for name in file.names { expectSameBits(copy[name], file[name], name) }
      #expect(copy.metadata == file.metadata)
      try SafeTensors().write(to: "\(folder)/a")
      #expect(try SafeTensors(contentsOf: "\(folder)/a").names == [])
      #expect(try names(in: folder) == ["a"])
    }
  }

  @Test func `names can be given and taken`() {
    var file = SafeTensors()
    file["a"] = Tensor([1])
    file["b"] = Tensor([2])
    file["a"] = Tensor([3])
    #expect(file.names == ["a", "b"] && file["a"]?.intArray() == [3] && file["c"] == nil)
    file["a"] = nil
    #expect(file.names == ["b"] && file["a"] == nil)
  }

  // MARK: What is no file

  @Test func `files that are missing or of another format`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/none"
      #expect(
        expectFileError { _ = try SafeTensors(contentsOf: path) }
          == .cannotRead(path, reason: "No such file or directory"))
      expectFileError("cannot be read", "directory") { _ = try SafeTensors(contentsOf: folder) }
      let foreign: [[UInt8]] = [
        [], [1, 2, 3], Array("[1, 2, 3] is JSON but no header".utf8),
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Array(repeating: 7, count: 90),
        [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + Array(repeating: 0, count: 900),
        Array(repeating: 0, count: 64), Array(repeating: 255, count: 64),
      ]
      for content in foreign {
        try write(content, to: path)
        let error = expectFileError("none\"", "safetensors") {
          _ = try SafeTensors(contentsOf: path)
        }
        guard case .malformed(path, _) = error else {
          Issue.record("\(String(describing: error)) for \(content.prefix(8))")
          continue
        }
      }
    }
  }

  /// Headers that do not agree with the 16 bytes that follow, and what is said of them.
  private static let flawed: [(header: String, word: String)] = [
    (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}"#, "header"),
    (#"{"a":{"dtype":"F64","shape":[2]}}"#, "header"),
    (#"{"a":{"dtype":"F64","shape":[2.5],"data_offsets":[0,16]}}"#, "header"),
    (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,1e400]}}"#, "header"),
    (#"{"__metadata__":{"a":1},"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#, "header"),
    (#"{"a":{"dtype":"C64","shape":[2],"data_offsets":[0,16]}}"#, "C64"),
    (#"{"a":{"dtype":"F64","shape":[-2],"data_offsets":[0,16]}}"#, "[-2]"),
    (#"{"a":{"dtype":"F64","shape":[3],"data_offsets":[0,16]}}"#, "[3]"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}"#, "F32"),
    (#"{"a":{"dtype":"F64","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,16]}}"#, "shape"),
    (
      #"{"a":{"dtype":"F64","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,16]}}"#,
      "shape"
    ),
    (#"{"a":{"dtype":"F64","shape":[4294967298],"data_offsets":[0,16]}}"#, "shape"),
    (#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#, "8 bytes of 16"),
    (#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#, "byte 8"),
    (#"{"a":{"dtype":"F64","shape":[3],"data_offsets":[0,24]}}"#, "24"),
    (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[16,0]}}"#, "[16, 0]"),
    (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[-16,0]}}"#, "[-16, 0]"),
    (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16,16]}}"#, "[0, 16, 16]"),
    (
      #"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"#
        + #""b":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#,
      "\"b\" begin at byte 8"
    ),
    ("{}", "0 bytes of 16"), (#"["a"]"#, "header"), ("", "header"),
  ]

  @Test(arguments: flawed.indices) func `headers that do not fit`(_ index: Int) async throws {
    let (header, word) = Self.flawed[index]
    try await withTemporaryFolder { folder in
      let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
      try write(length + Array(header.utf8) + Array(repeating: 1, count: 16), to: "\(folder)/a")
      expectFileError("\(folder)/a", word) { _ = try SafeTensors(contentsOf: "\(folder)/a") }
    }
  }

  /// Without a checksum nothing says that elements have changed; no input may stop the process.
  @Test func `a damaged file of another program is an error, or tensors`() async throws {
    let path = Golden.folder.appending(path: "safetensors/python.safetensors").path()
    let whole = try bytes(of: path)
    var generator = SeededGenerator(seed: 5)
    try await withTemporaryFolder { folder in
      var errors = 0
      for _ in 0..<500 {
        try write(corrupted(whole, &generator), to: "\(folder)/a")
        do {
          let file = try SafeTensors(contentsOf: "\(folder)/a")
          for name in file.names { #expect(file[name]?.bits.isEmpty == (file[name]?.count == 0)) }
        } catch { errors += 1 }
      }
      #expect(errors > 100)
    }
  }

  // MARK: Writing

  @Test func `mode and symbolic links stay`() async throws {
    try await withTemporaryFolder { folder in
      let (path, link) = ("\(folder)/real", "\(folder)/link")
      var file = SafeTensors()
      try file.write(to: path)
      #expect(chmod(path, 0o640) == 0)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
      file["a"] = Tensor(1.5)
      try file.write(to: link)
      #expect(try SafeTensors(contentsOf: path)["a"]?.scalar() == 1.5)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o640)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
      #expect(try names(in: folder) == ["link", "real"])
    }
  }

  @Test func `what cannot be written leaves nothing behind`() async throws {
    try await withTemporaryFolder { folder in
      expectFileError("cannot be written", "No such file") {
        try SafeTensors().write(to: "\(folder)/none/a")
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder)/taken/inside", withIntermediateDirectories: true)
      expectFileError("taken", "cannot be written", "directory") {
        try SafeTensors().write(to: "\(folder)/taken")
      }
      #expect(try names(in: folder) == ["taken"])
    }
  }
}
