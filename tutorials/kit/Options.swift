import Foundation

/// What the command line asks of a program: declare each option, then `finish()`.
///
///     var options = Options("hmm", about: "Fits a hidden Markov model.")
///     let steps = options.integer("--steps", in: 1...10_000, default: 500, "gradient steps")
///     options.finish()
///
/// Values follow after a space or `=`.
public struct Options {
  private let program: String
  private let about: String
  /// What no option has claimed yet.
  private var rest: [String]
  private var declared: [(name: String, value: String?, help: String)] = []
  private var firstProblem: String?

  public init(_ program: String, about: String) {
    self.program = program
    self.about = about
    rest = Array(CommandLine.arguments.dropFirst())
  }

  public mutating func integer(
    _ name: String, in range: ClosedRange<Int> = Int.min...Int.max, default: Int, _ help: String
  ) -> Int {
    let isBounded = range != Int.min...Int.max
    let limits = isBounded ? "\(range.lowerBound) to \(range.upperBound)" : ""
    declared.append(
      (name, "N", "\(help)\(isBounded ? ", " : "")\(limits) (default: \(`default`))"))
    return values(of: name).last.map { text in
      if let number = text.flatMap({ Int($0) }), range.contains(number) { return number }
      let expected = "expected a whole number\(isBounded ? " from " : "")\(limits)"
      report(name, expected, text, "for example \(name) \(`default`)")
      return `default`
    } ?? `default`
  }

  /// One of some words, the first of them by default.
  public mutating func choice(_ name: String, of words: [String], _ help: String) -> String {
    declared.append((name, "WORD", "\(help): \(words.joined(separator: " or "))"))
    return values(of: name).last.map { text in
      if let text, words.contains(text) { return text }
      let example = "for example \(name) \(words[words.count - 1])"
      report(name, "expected \(words.joined(separator: " or "))", text, example)
      return words[0]
    } ?? words[0]
  }

  public mutating func file(_ name: String, _ help: String) -> String? {
    declared.append((name, "FILE", help))
    guard let text = values(of: name).last else { return nil }
    if text == nil || text == "" {
      report(name, "expected the name of a file", text, "for example \(name) fit.safetensors")
    }
    return text
  }

  public mutating func flag(_ name: String, _ help: String) -> Bool {
    declared.append((name, nil, help))
    if let argument = rest.first(where: { $0.hasPrefix("\(name)=") }) {
      let value = String(argument.dropFirst(name.count + 1))
      report(name, "takes no value", value, "write \(name) alone")
    }
    defer { rest.removeAll { $0 == name } }
    return rest.contains(name)
  }

  /// Ends the program where help was asked for, and where an argument is not understood: it is named
  /// on standard error, and the status is 2.
  public mutating func finish() {
    if flag("--help", "this text") || rest.contains("-h") {
      print(helpText)
      exit(0)
    }
    if let unknown = rest.first {
      let names = declared.map(\.name)
      let known = "\(names.dropLast().joined(separator: ", ")) or \(names[names.count - 1])"
      report(unknown, "unknown option", nil, "use \(known)")
    }
    if let firstProblem { quit(firstProblem, status: 2) }
  }

  /// Ends the program with a message on standard error.
  public func quit(_ message: String, status: Int32 = 1) -> Never {
    FileHandle.standardError.write(Data("\(program): \(message)\n".utf8))
    exit(status)
  }

  private var helpText: String {
    let usage = declared.dropLast().map { "[\($0.name)\($0.value.map { " \($0)" } ?? "")]" }
    let width = (declared.map { $0.name.count + ($0.value?.count ?? 0) }.max() ?? 0) + 3
    let lines = declared.map { name, value, help in
      "  " + left("\(name) \(value ?? "")", width) + help
    }
    return """
      Usage: \(program) \(usage.joined(separator: " "))

      \(about)

      \(lines.joined(separator: "\n"))
      """
  }

  /// Takes an option out of the arguments. A value that is missing is nil.
  private mutating func values(of name: String) -> [String?] {
    var values: [String?] = []
    while let place = rest.firstIndex(where: { $0 == name || $0.hasPrefix("\(name)=") }) {
      let argument = rest.remove(at: place)
      if argument != name {
        values.append(String(argument.dropFirst(name.count + 1)))
      } else {
        values.append(place < rest.count ? rest.remove(at: place) : nil)
      }
    }
    return values
  }

  private mutating func report(_ name: String, _ problem: String, _ value: String?, _ fix: String) {
    let got = value.map { ", got \"\($0)\"" } ?? ""
    if firstProblem == nil { firstProblem = "\(name): \(problem)\(got); \(fix)" }
  }
}
