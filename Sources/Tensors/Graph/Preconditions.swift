// The standard library's checks say nothing in optimised builds. These, which take their place in
// this package, always name the operation and the shapes.

/// Stops the program with a message unless the condition holds.
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if _fastPath(condition()) { return }
  preconditionFailure(message(), file: file, line: line)
}

/// Stops the program with a message.
@inline(never)
package func preconditionFailure(
  _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}
