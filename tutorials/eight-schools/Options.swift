import FlowGuides

/// What the command line asks for.
struct Options {
  var steps = 2500
  var seed = 0
  var dtype = DType.float64
  var isJSON = false
  var wantsHelp = false

  static let help = """
    Usage: eight-schools [--steps N] [--seed N] [--dtype TYPE] [--json]

    Fits a normalizing flow to the posterior of the eight schools and compares it with exact values.

      --steps N     gradient steps, 1 to 10000000 (default: 2500)
      --seed N      determines initial values and every draw (default: 0)
      --dtype TYPE  float64 or float32 (default: float64)
      --json        print the result as JSON, and nothing else
      --help        this text
    """

  /// - Parameter arguments: without the name of the program. Values follow after a space or `=`.
  /// - Throws: `OptionError` for the first argument that is not understood.
  init(_ arguments: some Sequence<String>) throws(OptionError) {
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let (name, attached) = (String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
      switch name {
      case "--steps":
        steps = try Options.integer(name, attached ?? rest.next(), 1...10_000_000, "2500")
      case "--seed":
        seed = try Options.integer(name, attached ?? rest.next(), Int.min...Int.max, "0")
      case "--dtype": dtype = try Options.floatingType(name, attached ?? rest.next())
      case "--json" where attached == nil: isJSON = true
      case "--help" where attached == nil, "-h" where attached == nil: wantsHelp = true
      case "--json", "--help", "-h":
        throw OptionError(name, "takes no value", attached, "write \(name) alone")
      default:
        throw OptionError(
          name, "unknown option", attached, "use --steps, --seed, --dtype, --json or --help")
      }
    }
  }

  private static func integer(
    _ name: String, _ text: String?, _ range: ClosedRange<Int>, _ example: String
  ) throws(OptionError) -> Int {
    if let number = text.flatMap({ Int($0) }), range.contains(number) { return number }
    let limits =
      range == Int.min...Int.max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
    throw OptionError(
      name, "expected a whole number\(limits)", text, "for example \(name) \(example)")
  }

  private static func floatingType(_ name: String, _ text: String?) throws(OptionError) -> DType {
    switch text {
    case "float64": return .float64
    case "float32": return .float32
    default:
      throw OptionError(
        name, "expected float64 or float32", text, "for example \(name) float32")
    }
  }
}

/// An option that is not understood: which, what is wrong with it, and what to write instead.
struct OptionError: Error, CustomStringConvertible {
  let description: String

  init(_ option: String, _ problem: String, _ value: String?, _ fix: String) {
    let got = value.map { ", got \"\($0)\"" } ?? ""
    description = "\(option): \(problem)\(got); \(fix)"
  }
}
