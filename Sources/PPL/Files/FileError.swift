/// What is wrong with a file that was to be read or written.
public enum FileError: Error, CustomStringConvertible, Equatable {
  /// The system refused.
  case cannotRead(String, reason: String)
  case cannotWrite(String, reason: String)
  /// Not a whole file of the format that was expected.
  case malformed(String, reason: String)
  /// A parameter, mutable value or piece of state that the file lacks.
  case missing(String, name: String, found: [String])
  /// A parameter in the file that the model does not have.
  case unexpected(String, name: String, known: [String])
  /// The file and the model disagree about a parameter.
  case mismatch(String, name: String, what: String, file: String, model: String)
  /// A name that the file needs for something else.
  case reservedName(String, name: String)
  /// A table lacks a column of this name.
  case noColumn(String, name: String, found: [String])
  /// A field of a table that is not what was asked for.
  case field(String, line: Int, column: String, reason: String)

  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\"\(path)\" cannot be read: \(reason)"
    case .cannotWrite(let path, let reason):
      "\"\(path)\" cannot be written: \(reason). What was there before is untouched"
    case .malformed(let path, let reason): "\"\(path)\": \(reason)"
    case .missing(let path, let name, let found):
      """
      "\(path)" has no "\(name)", which the model needs; it has \(list(found)). Use the file of a \
      fit of this model, or give the parameter its old name
      """
    case .unexpected(let path, let name, let known):
      """
      "\(path)" has a parameter "\(name)" that the model has not; the model has \(list(known)). \
      Use the file of a fit of this model, or give the parameter its old name
      """
    case .mismatch(let path, let name, let what, let file, let model):
      """
      "\(name)": the \(what) is \(file) in "\(path)" and \(model) in the model. Use the file of a \
      fit of this model, or declare the parameter as it was
      """
    case .reservedName(let path, let name):
      """
      "\(path)" cannot be written: it would use the name "\(name)" twice, for a parameter and for \
      the unconstrained form of another. Rename the parameter
      """
    case .noColumn(let path, let name, let found):
      "\"\(path)\" has no column \"\(name)\"; it has \(list(found))"
    case .field(let path, let line, let column, let reason):
      "\"\(path)\", line \(line), column \"\(column)\": \(reason)"
    }
  }
}

/// Names for an error message: the first ones of many.
private func list(_ names: [String]) -> String {
  if names.isEmpty { return "none" }
  let shown = names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
  return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
}
