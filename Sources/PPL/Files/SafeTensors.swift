import Foundation
public import Tensors

/// Named tensors, and texts about them, as a file in the safetensors format, which Python's
/// `safetensors`, PyTorch and JAX libraries read and write.
///
///     var file = SafeTensors()
///     file["weights"] = weights
///     try file.write(to: "weights.safetensors")
///     let weights = try SafeTensors(contentsOf: "weights.safetensors")["weights"]
///
/// The format (github.com/huggingface/safetensors): the length of the header as eight little-endian
/// bytes, the header in JSON, then all elements, little-endian and row-major. Tensors of half
/// precision are read as float32, those of shorter integers as int64.
public struct SafeTensors: Sendable {
  /// The names of the tensors, in the order in which they were given or lie in the file.
  public private(set) var names: [String] = []
  /// Texts about the file. Those under `checksumKey` are made and checked here.
  public var metadata: [String: String] = [:]
  private var tensors: [String: Tensor] = [:]
  /// Whether the contents are known to be those that were written.
  private(set) var isVerified = false

  /// The text by which damage to a file written here is noticed.
  static let checksumKey = "ppl.checksum"

  public init() {}

  /// The tensor of a name.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set {
      precondition(
        name != SafeTensorsHeader.metadataName,
        "SafeTensors: the format keeps the name \"\(name)\" for itself")
      if tensors[name] == nil && newValue != nil { names.append(name) }
      if newValue == nil { names.removeAll { $0 == name } }
      tensors[name] = newValue
    }
  }

  // MARK: Reading

  /// The contents of a file.
  ///
  /// - Throws: `FileError` if there is no such file, or it is not a whole and undamaged one.
  public init(contentsOf path: String) throws(FileError) {
    let file = try InputFile(path)
    let (header, byteCount) = try SafeTensors.readHeader(file, path)
    for place in try header.places(byteCount: byteCount, path) {
      let elements = Storage(byteCount: place.bytes.count)
      try file.read(place.bytes.count, into: elements.pointer)
      self[place.name] = Tensor(
        storage: place.type.elements(from: elements), shape: place.shape, dtype: place.type.dtype)
    }
    metadata = header.metadata
    guard let expected = metadata.removeValue(forKey: SafeTensors.checksumKey) else { return }
    isVerified = expected == checksum
    guard isVerified else {
      throw .malformed(
        path,
        reason: """
          its contents do not match its checksum: it was damaged, or another program changed it; \
          one that means to should write the tensors without the metadata
          """)
    }
  }

  /// The header, and how many bytes of elements follow it.
  private static func readHeader(
    _ file: InputFile, _ path: String
  ) throws(FileError) -> (SafeTensorsHeader, byteCount: Int) {
    guard file.size >= 8 else {
      throw .malformed(path, reason: "\(file.size) bytes are no safetensors file; is it truncated?")
    }
    let length = try file.read(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= min(file.size - 8, SafeTensorsHeader.lengthLimit) else {
      throw .malformed(
        path,
        reason: """
          no safetensors file, or a truncated one: its header would have \(length) bytes, the file \
          has \(file.size)
          """)
    }
    let text = try file.read(Int(length))
    guard text.first == UInt8(ascii: "{"),
      let header = try? JSONDecoder().decode(SafeTensorsHeader.self, from: Data(text))
    else {
      throw .malformed(
        path, reason: "its header is not that of a safetensors file; is it another format?")
    }
    return (header, file.size - 8 - Int(length))
  }

  // MARK: Writing

  /// Writes a file, whole or not at all: a process killed while it writes leaves the old one.
  ///
  /// Elements of wider types come first, so that all of them are aligned.
  ///
  /// - Throws: `FileError.cannotWrite`.
  public func write(to path: String) throws(FileError) {
    // Grouped by width, which keeps the order within.
    let ordered = [8, 4, 1].flatMap { width in
      names.compactMap { name in self[name].map { (name, $0) } }
        .filter { $0.1.dtype.byteCount == width }
    }
    var header = SafeTensorsHeader()
    header.metadata = metadata
    header.metadata[SafeTensors.checksumKey] = checksum
    var end = 0
    for (name, tensor) in ordered {
      let start = end
      end += tensor.count * tensor.dtype.byteCount
      header.items[name] = .init(
        type: ElementType(tensor.dtype).rawValue, shape: Array(tensor.shape), offsets: [start, end])
    }
    let text = try SafeTensors.encoded(header, path)
    try AtomicFile.write(to: path) { file throws(FileError) in
      try file.append(text)
      for (_, tensor) in ordered {
        try tensor.withElementBytes { bytes throws(FileError) in try file.append(bytes) }
      }
    }
  }

  /// The length of the header, and the header, padded with spaces to a multiple of eight bytes.
  private static func encoded(
    _ header: SafeTensorsHeader, _ path: String
  ) throws(FileError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let text = try? encoder.encode(header) else {
      throw .cannotWrite(path, reason: "the header has no form in JSON")
    }
    let length = (text.count + 7) / 8 * 8
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: length - text.count)
    return withUnsafeBytes(of: UInt64(length).littleEndian, Array.init) + text + padding
  }

  // MARK: Checksum

  /// Of the names, types, shapes and elements of all tensors, and of all texts.
  private var checksum: String {
    var sum = Checksum()
    for (key, text) in metadata.sorted(by: { $0.key < $1.key })
    where key != SafeTensors.checksumKey {
      sum.add(key)
      sum.add(text)
    }
    for name in names.sorted() {
      guard let tensor = self[name] else { continue }
      sum.add(name)
      sum.add("\(tensor.dtype) \(tensor.shape)")
      tensor.withElementBytes { sum.add($0) }
    }
    return sum.text
  }
}

extension Tensor {
  /// Calls `body` with the elements, row-major.
  func withElementBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let storage = evaluated()
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeRawBufferPointer(start: storage.pointer, count: count * dtype.byteCount))
  }
}
