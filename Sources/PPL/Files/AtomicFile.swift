import Foundation

/// Writes a file as a whole or not at all.
///
/// The bytes go to a new file in the same folder, which takes the place of the old one once they are
/// on the disk. Whenever the process is killed, the path names the old file or the new one, whole;
/// what may stay behind is a hidden file that ends in `.partial`.
struct AtomicFile {
  private let path: String
  private let descriptor: Int32

  /// Replaces the file at `path` by what `body` writes. A symbolic link stays, its target changes.
  static func write(
    to path: String, _ body: (AtomicFile) throws(FileError) -> Void
  ) throws(FileError) {
    let target = URL(filePath: path).resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent().path(percentEncoded: false)
    let mark = String(UInt64.random(in: 0 ... .max), radix: 36)
    let temporary = "\(folder)/.\(target.lastPathComponent).\(mark).partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(path) }
    do throws(FileError) {
      let file = AtomicFile(path: path, descriptor: descriptor)
      defer { close(descriptor) }
      file.keepMode(of: target.path(percentEncoded: false))
      try body(file)
      guard fsync(descriptor) == 0 else { throw failure(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, target.path(percentEncoded: false)) == 0 else {
      let error = failure(path)
      unlink(temporary)
      throw error
    }
    persistNames(in: folder)
  }

  /// Writes all the bytes.
  func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = Foundation.write(descriptor, part.baseAddress, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw AtomicFile.failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  func append(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBufferPointer { bytes throws(FileError) in
      try append(UnsafeRawBufferPointer(bytes))
    }
  }

  /// The new file is as readable as the old one.
  private func keepMode(of target: String) {
    var status = stat()
    if stat(target, &status) == 0 { fchmod(descriptor, status.st_mode & 0o7777) }
  }

  /// The rename survives a power failure once the folder is on the disk. Where folders cannot be
  /// synchronised there is nothing more to do: the file is whole either way.
  private static func persistNames(in folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func failure(_ path: String) -> FileError {
    .cannotWrite(path, reason: String(cString: strerror(errno)))
  }
}
