import Foundation
public import Testing

/// Checks that a process ended with a message of the library's own, and not by a crash without words.
///
/// - Parameter words: what the message has to name.
public func expectTrap(
  _ result: ExitTest.Result?, _ words: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  // Messages of the standard library begin with `Swift/`, if they are there at all.
  let message = text.split(separator: "\n").first {
    $0.contains(".swift:") && $0.contains(": Fatal error: ") && !$0.hasPrefix("Swift/")
  }
  guard let message else {
    Issue.record("no message, but \"\(text.prefix(300))\"", sourceLocation: sourceLocation)
    return
  }
  for word in words {
    #expect(text.contains(word), "\(message.prefix(500))", sourceLocation: sourceLocation)
  }
}
