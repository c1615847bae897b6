import Foundation
import Testing

/// A tutorial's executable, run as a user would run it.
struct Tutorial {
  struct Run {
    let status: Int32
    let output: String
    let errors: String

    /// The numbers in the first line that begins with `start`, after it.
    func numbers(after start: String) throws -> [Double] {
      let lines = output.split(separator: "\n")
      let line = try #require(lines.first { $0.hasPrefix(start) }, "no \"\(start)\" in \(output)")
      return line.dropFirst(start.count).matches(of: /-?\d+(?:\.\d+)?/).compactMap { Double($0.0) }
    }
  }

  let name: String

  /// Runs the executable to its end.
  func callAsFunction(_ arguments: String...) throws -> Run { try self(arguments) }

  func callAsFunction(_ arguments: [String]) throws -> Run {
    let process = Process()
    process.executableURL = Tutorial.buildFolder.appending(path: name)
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    let text = try Tutorial.text(output)
    let complaints = try Tutorial.text(errors)
    process.waitUntilExit()
    return Run(status: process.terminationStatus, output: text, errors: complaints)
  }

  /// Executables lie beside the test bundle.
  private static var buildFolder: URL {
    #if os(macOS)
      let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
      return (bundle ?? .main).bundleURL.deletingLastPathComponent()
    #else
      return Bundle.main.bundleURL
    #endif
  }

  private static func text(_ pipe: Pipe) throws -> String {
    String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }
}
