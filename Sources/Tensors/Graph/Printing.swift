#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension Tensor: CustomStringConvertible {
  /// The elements as NumPy prints them, then dtype and shape: `[1. 2.5] (float64 [2])`. Reads the
  /// value.
  public var description: String { "\(ArrayPrinter(self).text) (\(dtype) \(shape))" }
}

/// Prints an array as NumPy does: one format for all numbers, eight fractional digits at most,
/// lines of 75 characters, the middle of long axes left out of more than 1000 elements.
private struct ArrayPrinter {
  private static let threshold = 1000
  private static let edge = 3
  private static let lineWidth = 75

  private let shape: Shape
  private let strides: [Int]
  private let isSummary: Bool
  private let format: (Int) -> String

  init(_ tensor: Tensor) {
    shape = tensor.shape
    strides = tensor.shape.rowMajorStrides
    isSummary = tensor.count > ArrayPrinter.threshold
    let shown = ArrayPrinter.shownPositions(tensor.shape, strides, isSummary)
    format = ArrayPrinter.formatter(tensor, shown)
  }

  var text: String {
    if shape.rank == 0 { return format(0) }
    return shape.elementCount == 0 ? "[]" : nested(0, 0, " ", ArrayPrinter.lineWidth)
  }

  /// The entries of an axis that are printed.
  private static func shownEntries(_ extent: Int, _ isSummary: Bool) -> [Int] {
    isSummary && extent > 2 * edge
      ? Array(0..<edge) + Array(extent - edge..<extent) : Array(0..<extent)
  }

  private static func shownPositions(
    _ shape: Shape, _ strides: [Int], _ isSummary: Bool
  ) -> [Int] {
    var positions = [0]
    for axis in 0..<shape.rank {
      let entries = shownEntries(shape[axis], isSummary)
      positions = positions.flatMap { base in entries.map { base + $0 * strides[axis] } }
    }
    return positions
  }

  private static func formatter(_ tensor: Tensor, _ shown: [Int]) -> (Int) -> String {
    let isScalar = tensor.rank == 0
    switch tensor.dtype {
    case .bool:
      let values = tensor.boolArray()
      return { values[$0] ? (isScalar ? "True" : " True") : "False" }
    case .int64:
      let values = tensor.intArray()
      let width = shown.map { String(values[$0]).count }.max() ?? 0
      return { String(values[$0]).paddedLeft(to: width) }
    case .float32, .float64:
      let isSingle = tensor.dtype == .float32
      let values = tensor.array()
      if isScalar { return { FloatDigits(values[$0], isSingle).scalarText } }
      let format = FloatFormat(shown.map { values[$0] }, isSingle)
      return { format.text(values[$0]) }
    }
  }

  /// The part of the array below some entries of its first axes, the first of its lines to be
  /// indented by `indent`.
  private func nested(_ axis: Int, _ base: Int, _ indent: String, _ width: Int) -> String {
    if axis == shape.rank { return format(base) }
    let entries = ArrayPrinter.shownEntries(shape[axis], isSummary)
    let isCut = entries.count < shape[axis]
    var parts = entries.map { nested(axis + 1, base + $0 * strides[axis], indent + " ", width - 1) }
    if isCut { parts.insert("...", at: ArrayPrinter.edge) }
    if axis == shape.rank - 1 { return "[" + wrapped(parts, indent, width - 1) + "]" }
    let separator = String(repeating: "\n", count: shape.rank - axis - 1) + indent
    return "[" + parts.joined(separator: separator) + "]"
  }

  /// Words on lines that are broken where they would pass the width.
  private func wrapped(_ words: [String], _ indent: String, _ width: Int) -> String {
    var lines: [String] = []
    var line = indent
    for (index, word) in words.enumerated() {
      if line.count + word.count > width && line.count > indent.count {
        lines.append(line.trimmedRight)
        line = indent
      }
      line += word
      if index < words.count - 1 { line += " " }
    }
    lines.append(line)
    return String(lines.joined(separator: "\n").dropFirst(indent.count))
  }
}

extension String {
  fileprivate func paddedLeft(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(width - count, 0)) + self
  }

  fileprivate func paddedRight(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(width - count, 0))
  }

  fileprivate var trimmedRight: String {
    var result = self
    while result.last == " " { result.removeLast() }
    return result
  }
}

/// How all floating-point numbers of one array are printed.
private struct FloatFormat {
  private static let precision = 8
  private let isSingle: Bool
  private let isScientific: Bool
  private var left = 0
  private var right = 0
  private var fraction = 0
  private var exponentWidth = 0

  init(_ values: [Double], _ isSingle: Bool) {
    self.isSingle = isSingle
    let finite = values.filter(\.isFinite)
    isScientific = FloatFormat.needsExponents(finite, isSingle)
    let digits = finite.map { FloatDigits($0, isSingle) }
    if isScientific {
      let texts = digits.map { $0.scientific(FloatFormat.precision) }
      left = texts.map(\.integer.count).max() ?? 0
      fraction = texts.map(\.fraction.count).max() ?? 0
      exponentWidth = texts.map { String($0.exponent.magnitude).count }.max() ?? 0
      exponentWidth = max(exponentWidth, 2)
      right = fraction + exponentWidth + 2
    } else {
      let texts = digits.map { $0.positional(FloatFormat.precision) }
      left = texts.map(\.integer.count).max() ?? 0
      right = texts.map(\.fraction.count).max() ?? 0
    }
    if finite.count < values.count {
      left = max(left, (values.contains(-.infinity) ? 4 : 3) - right - 1)
    }
  }

  /// Very large or small numbers, or a range too wide to line up, in the array's own precision.
  private static func needsExponents(_ finite: [Double], _ isSingle: Bool) -> Bool {
    let sizes = finite.map(\.magnitude).filter { $0 != 0 }
    guard let least = sizes.min(), let greatest = sizes.max() else { return false }
    if isSingle {
      return greatest >= 1e6 || Float(least) < 0.0001 || Float(greatest) / Float(least) > 1000
    }
    return greatest >= 1e8 || least < 0.0001 || greatest / least > 1000
  }

  func text(_ value: Double) -> String {
    guard value.isFinite else {
      let word = value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
      return word.paddedLeft(to: left + right + 1)
    }
    let digits = FloatDigits(value, isSingle)
    if isScientific {
      let parts = digits.scientific(exactly: fraction)
      return parts.integer.paddedLeft(to: left) + "." + parts.fraction
        + FloatDigits.exponentText(parts.exponent, exponentWidth)
    }
    let parts = digits.positional(FloatFormat.precision)
    return parts.integer.paddedLeft(to: left) + "." + parts.fraction.paddedRight(to: right)
  }
}

/// The fewest decimal digits that tell a number from its neighbours.
private struct FloatDigits {
  private let value: Double
  private let isSingle: Bool
  private let sign: String
  private var digits: [Character] = []
  /// The power of ten of the first digit.
  private var exponent = 0

  init(_ value: Double, _ isSingle: Bool) {
    self.value = value
    self.isSingle = isSingle
    sign = value.sign == .minus && !value.isNaN ? "-" : ""
    guard value.isFinite else { return }
    // Swift prints these very digits, with or without an exponent.
    let text = isSingle ? Float(value).magnitude.description : value.magnitude.description
    let parts = text.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    digits = Array(mantissa[0]) + (mantissa.count > 1 ? Array(mantissa[1]) : [])
    exponent = mantissa[0].count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.count > 1 && digits.first == "0" {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1 && digits.last == "0" { digits.removeLast() }
    if digits == ["0"] { exponent = 0 }
  }

  /// d.ddd and a power of ten, with at most `limit` digits after the point.
  func scientific(_ limit: Int) -> (integer: String, fraction: String, exponent: Int) {
    if digits.count - 1 <= limit {
      return (sign + String(digits[0]), String(digits.dropFirst()), exponent)
    }
    var result = scientific(exactly: limit)
    while result.fraction.last == "0" { result.fraction.removeLast() }
    return result
  }

  /// With a given number of digits after the point, rounded from the number itself and not from its
  /// shortest digits.
  func scientific(exactly count: Int) -> (integer: String, fraction: String, exponent: Int) {
    let parts = FloatDigits.print("%.\(count)e", value.magnitude).split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    return (
      sign + mantissa[0], mantissa.count > 1 ? String(mantissa[1]) : "", Int(parts[1]) ?? 0
    )
  }

  /// ddd.ddd, with at most `limit` digits after the point.
  func positional(_ limit: Int) -> (integer: String, fraction: String) {
    if digits.count - 1 - exponent > limit {
      let parts = FloatDigits.split(FloatDigits.print("%.\(limit)f", value.magnitude))
      return (sign + parts.integer, parts.fraction)
    }
    if exponent < 0 {
      let zeros = String(repeating: "0", count: -exponent - 1)
      return (sign + "0", digits == ["0"] ? "" : zeros + String(digits))
    }
    let padded = digits + [Character](repeating: "0", count: max(exponent + 1 - digits.count, 0))
    return (sign + String(padded[...exponent]), String(padded[(exponent + 1)...]))
  }

  /// As a number on its own: `1.0`, `1e+16`, `1.5e-05`.
  var scalarText: String {
    guard value.isFinite else { return value.isNaN ? "nan" : sign + "inf" }
    if value == 0 || (value.magnitude < (isSingle ? 1e6 : 1e16) && value.magnitude >= 1e-4) {
      let parts = positional(400)
      return parts.integer + "." + (parts.fraction.isEmpty ? "0" : parts.fraction)
    }
    let parts = scientific(400)
    return parts.integer + (parts.fraction.isEmpty ? "" : "." + parts.fraction)
      + FloatDigits.exponentText(parts.exponent, 2)
  }

  static func exponentText(_ exponent: Int, _ width: Int) -> String {
    let digits = String(exponent.magnitude)
    let zeros = String(repeating: "0", count: max(width - digits.count, 0))
    return (exponent < 0 ? "e-" : "e+") + zeros + digits
  }

  /// The parts before and after the point, without trailing zeros.
  private static func split(_ text: String) -> (integer: String, fraction: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    var fraction = parts.count > 1 ? String(parts[1]) : ""
    while fraction.last == "0" { fraction.removeLast() }
    return (String(parts[0]), fraction)
  }

  /// C's formatting, which rounds the exact value.
  private static func print(_ format: String, _ value: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
