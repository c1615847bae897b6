import Foundation

/// Why a graph was not drawn.
public enum RenderError: Error, CustomStringConvertible, Equatable {
  /// Graphviz is not installed.
  case noGraphviz
  /// Graphviz ended with a status other than 0.
  case graphvizFailed(status: Int, message: String)

  public var description: String {
    switch self {
    case .noGraphviz:
      """
      there is no program \"dot\" on the path: install Graphviz (apt-get install graphviz, or brew \
      install graphviz), or use the text of the graph's `dot`
      """
    case .graphvizFailed(let status, let message):
      "Graphviz's dot ended with status \(status): \(message)"
    }
  }
}

extension ModelGraph {
  /// The graph drawn by Graphviz's `dot`, as an SVG document.
  ///
  /// - Throws: `RenderError`.
  public func svg() throws -> String {
    try svg(searching: ProcessInfo.processInfo.environment["PATH"] ?? "")
  }

  /// Writes the graph: an SVG document if the path ends in `.svg`, else the text for Graphviz.
  ///
  /// - Throws: `RenderError`, `FileError`.
  public func write(to path: String) throws {
    let text = path.lowercased().hasSuffix(".svg") ? try svg() : dot
    try AtomicFile.write(to: path) { (file) throws(FileError) in try file.append(Array(text.utf8)) }
  }

  /// - Parameter path: the folders to look for `dot` in, separated by colons.
  func svg(searching path: String) throws -> String {
    let candidates = path.split(separator: ":").map { "\($0)/dot" }
    guard let program = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw RenderError.noGraphviz
    }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (source, target) = (folder.appending(path: "in.dot"), folder.appending(path: "out.svg"))
    try Data(dot.utf8).write(to: source)
    let errors = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = ["-Tsvg", "-o", target.path(), source.path()]
    process.standardError = errors
    try process.run()
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw RenderError.graphvizFailed(
        status: Int(process.terminationStatus), message: String(decoding: message, as: UTF8.self))
    }
    return try String(contentsOf: target, encoding: .utf8)
  }
}
