import Foundation
import TestSupport
import Testing

@testable import PPL

/// A folder that is removed at the end.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "ppl-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder.path(percentEncoded: false))
}

func bytes(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

/// A new file each time: the system waits for the disk when one with content is overwritten.
func write(_ bytes: [UInt8], to path: String) throws {
  unlink(path)
  let file = try #require(fopen(path, "w"))
  defer { fclose(file) }
  try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// The names of the files in a folder, hidden ones too.
func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// Compares a file with the one in Tests/Golden that Python has read. With RENEW_GOLDEN set it takes
/// that one's place, to be read again (`make_safetensors.py --check`).
func expectGolden(
  _ path: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let golden = Golden.folder.appending(path: "safetensors/\(name)")
  let content = try Data(contentsOf: URL(filePath: path))
  if ProcessInfo.processInfo.environment["RENEW_GOLDEN"] != nil { try content.write(to: golden) }
  let expected = try Data(contentsOf: golden)
  #expect(
    content == expected, "\(name) is another file than before", sourceLocation: sourceLocation)
}

/// The error that a piece of code throws, and that its text has some words.
@discardableResult
func expectFileError(
  _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) -> FileError? {
  do {
    try body()
    Issue.record("no error", sourceLocation: sourceLocation)
  } catch let error as FileError {
    for word in words {
      #expect("\(error)".contains(word), "\(error)", sourceLocation: sourceLocation)
    }
    return error
  } catch {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
  return nil
}

extension Tensor {
  /// The elements' bytes: NaN equals itself, and −0 is not 0.
  var bits: [UInt8] { withElementBytes { Array($0) } }
}

func expectSameBits(
  _ actual: Tensor?, _ expected: Tensor?, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(
    actual?.dtype == expected?.dtype && actual?.shape == expected?.shape
      && actual?.bits == expected?.bits, "\(what)", sourceLocation: sourceLocation)
}

/// A store of some parameters at given values.
func makeStore(
  _ parameters: [(name: String, value: Tensor, constraint: Constraint)],
  mutables: [(name: String, value: Tensor)] = [], dtype: DType = .float64
) -> ParameterStore {
  var store = ParameterStore(makeSites(parameters), dtype: dtype)
  store.appendMutables(makeSites(mutables.map { ($0.name, $0.value, .real) }, .mutable))
  return store
}

func makeSites(
  _ parameters: [(name: String, value: Tensor, constraint: Constraint)], _ kind: Site.Kind = .param
) -> [Site] {
  parameters.map { parameter in
    var site = Site(kind, parameter.name)
    let value = parameter.value
    site.value = value
    site.declaration = Site.Declaration(parameter.constraint, eventRank: nil) { _ in value }
    return site
  }
}

/// The same bytes with some of them changed at random.
func corrupted(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
  var result = bytes
  switch generator.below(4) {
  case 0: result[generator.below(bytes.count)] ^= 1 << UInt8(generator.below(8))
  case 1: result[generator.below(bytes.count)] = UInt8(generator.below(256))
  case 2:
    for _ in 0..<8 { result[generator.below(bytes.count)] = UInt8(generator.below(256)) }
  default:
    // A part in the place of another.
    let count = 1 + generator.below(min(64, bytes.count))
    let from = generator.below(bytes.count - count + 1)
    let to = generator.below(bytes.count - count + 1)
    result.replaceSubrange(to..<to + count, with: bytes[from..<from + count])
  }
  return result
}
