import Foundation
import TestSupport
import Testing

@Suite struct ReadmeTests {
  private let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test func theExampleIsAProgram() throws {
    let readme = try text("README.md")
    let example = try text("tutorials/first-fit/main.swift")
    #expect(readme.contains("```swift\n\(example)```"))
  }

  @Test func theExampleRuns() throws {
    let run = try Tutorial(name: "first-fit")()
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("theta[7]"))
    let words = try #require(run.output.split(separator: "\n").last).split(separator: " ")
    let bound = try #require(words.count == 4 ? Double(words[1]) : nil)
    #expect(abs(bound - -31.31) < 0.05)
  }

  /// What the text says exists does.
  @Test func theFoldersExist() throws {
    let readme = try text("README.md")
    let paths = readme.matches(of: /^\| `([^`]+)\/` \|/.anchorsMatchLineEndings()).map { $0.1 }
    #expect(!paths.isEmpty)
    for path in paths {
      #expect(FileManager.default.fileExists(atPath: root.appending(path: String(path)).path()))
    }
  }
}
