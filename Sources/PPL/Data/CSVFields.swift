import Tensors

/// The bytes of a table, and where its fields lie in them.
struct CSVFields: Sendable {
  private let bytes: [UInt8]
  /// For each row, that of the names included: where its fields start, and one past where the next
  /// one would.
  private let offsets: [Int]
  private let width: Int

  /// The fields of the first line.
  var header: [String] { (0..<width).map { text(-1, $0) } }
  /// Without the first line.
  var rowCount: Int { offsets.count / (width + 1) - 1 }

  init(_ bytes: [UInt8], _ path: String) throws(FileError) {
    self.bytes = bytes
    var scanner = CSVScanner()
    try bytes.withUnsafeBufferPointer { bytes throws(FileError) in try scanner.scan(bytes, path) }
    guard let width = scanner.width else {
      throw .malformed(path, reason: "it is empty: the first line must name the columns")
    }
    self.width = width
    offsets = scanner.offsets
  }

  /// The line of the file, from 1, on which a row starts.
  func line(_ row: Int) -> Int { 1 + bytes[..<range(row, 0).lowerBound].count { $0 == .lineFeed } }

  /// The bytes of a field, with its quotes.
  private func range(_ row: Int, _ column: Int) -> Range<Int> {
    let place = (row + 1) * (width + 1) + column
    return offsets[place]..<offsets[place + 1] - 1
  }

  func text(_ row: Int, _ column: Int) -> String {
    let field = bytes[range(row, column)]
    guard field.first == .quote else { return String(decoding: field, as: UTF8.self) }
    let inner = String(decoding: field.dropFirst().dropLast(), as: UTF8.self)
    return inner.replacing("\"\"", with: "\"")
  }

  private static let missing = ["", "NA", "NaN", "nan", "null"].map { Array($0.utf8) }

  func isMissing(_ row: Int, _ column: Int) -> Bool {
    let field = content(row, column)
    return field.count <= 4 && CSVFields.missing.contains { field.elementsEqual($0) }
  }

  /// Nil for what is no number, and for a missing one.
  func number(_ row: Int, _ column: Int) -> Double? {
    let field = content(row, column)
    let value = bytes.withUnsafeBufferPointer {
      parseNumber(UnsafeBufferPointer(rebasing: $0[field.indices]))
    }
    return value.flatMap { $0.isNaN ? nil : $0 }
  }

  /// The bytes of a field without quotes and surrounding spaces.
  private func content(_ row: Int, _ column: Int) -> ArraySlice<UInt8> {
    var field = bytes[range(row, column)]
    if field.first == .quote { field = field.dropFirst().dropLast() }
    while let first = field.first, first.isSpace { field = field.dropFirst() }
    while let last = field.last, last.isSpace { field = field.dropLast() }
    return field
  }
}

/// Finds where fields start.
private struct CSVScanner {
  var offsets: [Int] = []
  /// The number of fields in each row, known after the first.
  var width: Int?
  private var fieldCount = 0
  private var rowStart = 0

  mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ path: String) throws(FileError) {
    // A byte order mark says nothing in UTF-8.
    var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    rowStart = position
    while position < bytes.count {
      let end = try fieldEnd(bytes, from: position, path)
      var contentEnd = end
      let endsRow = end == bytes.count || bytes[end] == .lineFeed
      if endsRow && contentEnd > position && bytes[contentEnd - 1] == .carriageReturn {
        contentEnd -= 1
      }
      if !(endsRow && fieldCount == 0 && contentEnd == position) {
        offsets.append(position)
        fieldCount += 1
        if endsRow { try endRow(contentEnd, bytes, path) }
      }
      position = end + 1
      if endsRow { rowStart = position }
    }
    // A comma was the last byte: an empty field follows it.
    if fieldCount > 0 {
      offsets.append(bytes.count)
      fieldCount += 1
      try endRow(bytes.count, bytes, path)
    }
  }

  private mutating func endRow(
    _ end: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ path: String
  ) throws(FileError) {
    offsets.append(end + 1)
    let expected = width ?? fieldCount
    guard fieldCount == expected else {
      throw .malformed(
        path,
        reason: """
          line \(line(of: rowStart, bytes)) has \(fieldCount) fields, the first line \(expected)
          """)
    }
    width = expected
    fieldCount = 0
  }

  /// Where the comma or line feed after a field is, or the end of the table.
  private func fieldEnd(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ path: String
  ) throws(FileError) -> Int {
    var position = start
    if bytes[start] == .quote {
      position = try closingQuote(bytes, from: start, path) + 1
      if position < bytes.count, bytes[position] == .carriageReturn { position += 1 }
      guard position == bytes.count || bytes[position] == .comma || bytes[position] == .lineFeed
      else {
        throw .malformed(
          path,
          reason: """
            line \(line(of: position, bytes)) has text after a closing quote; quotes within a \
            quoted field are doubled
            """)
      }
      return position
    }
    while position < bytes.count, bytes[position] != .comma, bytes[position] != .lineFeed {
      position += 1
    }
    return position
  }

  private func closingQuote(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ path: String
  ) throws(FileError) -> Int {
    var position = start + 1
    while position < bytes.count {
      if bytes[position] != .quote {
        position += 1
      } else if position + 1 < bytes.count, bytes[position + 1] == .quote {
        position += 2
      } else {
        return position
      }
    }
    throw .malformed(
      path, reason: "the quote that opens a field on line \(line(of: start, bytes)) is not closed")
  }

  private func line(of position: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    1 + bytes[..<position].count { $0 == .lineFeed }
  }
}

/// The number that a text in decimal notation stands for, correctly rounded; nil if there is none.
///
/// Nearly all have at most 15 digits and a small exponent: then the digits as a whole number and the
/// power of ten are exact, and one operation rounds correctly (Clinger 1990).
private func parseNumber(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
  var position = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? 1 : 0
  var digits: UInt64 = 0
  var digitCount = 0
  var exponent = 0
  var isFraction = false
  while position < text.count {
    let digit = text[position] &- UInt8(ascii: "0")
    if digit < 10 {
      digits = digits &* 10 &+ UInt64(digit)
      digitCount += 1
      if isFraction { exponent -= 1 }
    } else if text[position] == UInt8(ascii: "."), !isFraction {
      isFraction = true
    } else {
      break
    }
    position += 1
  }
  guard position == text.count, digitCount > 0, digitCount <= 15 else {
    return Double(String(decoding: text, as: UTF8.self))
  }
  let value = Double(digits) / powersOfTen[-exponent]
  return text[0] == UInt8(ascii: "-") ? -value : value
}

private let powersOfTen: [Double] = (0...15).map { (0..<$0).reduce(1.0) { power, _ in power * 10 } }

extension UInt8 {
  fileprivate static let comma = UInt8(ascii: ",")
  fileprivate static let quote = UInt8(ascii: "\"")
  fileprivate static let lineFeed = UInt8(ascii: "\n")
  fileprivate static let carriageReturn = UInt8(ascii: "\r")
  fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
