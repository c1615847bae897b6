import Foundation

/// A file open for reading, from its start to its end.
final class InputFile {
  private let path: String
  private let descriptor: Int32
  /// In bytes; 0 for what has no size, such as a pipe.
  let size: Int

  init(_ path: String) throws(FileError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw .cannotRead(path, reason: String(cString: strerror(errno)))
    }
    size = Int(status.st_size)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Reads until the buffer is full or the file ends; returns how much there was.
  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = Foundation.read(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw .cannotRead(path, reason: String(cString: strerror(errno)))
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// The next `count` bytes, into memory that has room for them.
  func read(_ count: Int, into memory: UnsafeMutableRawPointer) throws(FileError) {
    guard try fill(UnsafeMutableRawBufferPointer(start: memory, count: count)) == count else {
      throw .malformed(path, reason: "it ended while it was read; another program changes it")
    }
  }

  /// The next `count` bytes.
  func read(_ count: Int) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBufferPointer { buffer throws(FileError) in
      if let start = buffer.baseAddress { try read(count, into: start) }
    }
    return bytes
  }

  /// All the rest.
  func readAll() throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    // One more than the size shows the end in the first round; a pipe takes several.
    var room = max(size + 1, 1 << 16)
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: room))
      let count = try bytes.withUnsafeMutableBufferPointer { all throws(FileError) in
        try fill(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: all[start...])))
      }
      bytes.removeLast(room - count)
      if count < room { return bytes }
      room = bytes.count
    }
  }
}
