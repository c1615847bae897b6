import Foundation
public import Tensors

/// A table of comma-separated values whose first line names the columns.
///
///     let table = try CSV(contentsOf: "kidiq.csv")
///     let score = try table.numbers("kid_score")
///     let inputs = try table.matrix(["mom_iq", "mom_age"])
///     let (school, schools) = try table.categories("school")
///
/// The form is that of RFC 4180: a field may be quoted, and may then contain commas, line breaks and,
/// doubled, quotes. Lines end in CR LF or LF; empty ones are left out. A field that is empty, `NA`,
/// `NaN`, `nan` or `null` is missing.
public struct CSV: Sendable {
  /// The names of the columns.
  public let columns: [String]
  /// The number of rows, without the first line.
  public var rowCount: Int { fields.rowCount }
  private let path: String
  private let fields: CSVFields

  /// Reads a file.
  ///
  /// - Throws: `FileError` if it cannot be read, a row has another number of fields than the first
  ///   line, or a quote is not closed.
  public init(contentsOf path: String) throws(FileError) {
    try self.init(try InputFile(path).readAll(), path)
  }

  /// Reads a text.
  public init(text: String) throws(FileError) { try self.init(Array(text.utf8), "text") }

  private init(_ bytes: [UInt8], _ path: String) throws(FileError) {
    fields = try CSVFields(bytes, path)
    columns = fields.header
    self.path = path
    var seen: Set<String> = []
    for name in columns where !seen.insert(name).inserted {
      throw .malformed(path, reason: "two columns are named \"\(name)\"; rename one of them")
    }
  }

  // MARK: Columns

  /// The numbers in a column.
  ///
  /// - Parameters:
  ///   - missing: what stands for a missing field; none may be missing if nil.
  ///   - dtype: of the result. For int64 numbers must be whole, and within ±2⁵³.
  /// - Throws: `FileError` naming line and column of a field that is missing or no number.
  public func numbers(
    _ column: String, missing: Double? = nil, dtype: DType = .float64
  ) throws(FileError) -> Tensor {
    let values = try values(column, missing, dtype)
    return Tensor(values, dtype: dtype)
  }

  /// The numbers in several columns: a matrix with a row for each row.
  public func matrix(
    _ columns: [String], missing: Double? = nil, dtype: DType = .float64
  ) throws(FileError) -> Tensor {
    var elements = [Double](repeating: 0, count: rowCount * columns.count)
    for (place, column) in columns.enumerated() {
      for (row, value) in try values(column, missing, dtype).enumerated() {
        elements[row * columns.count + place] = value
      }
    }
    return Tensor(elements, shape: [rowCount, columns.count], dtype: dtype)
  }

  /// The categories in a column: each row's position (int64) in the list of all names.
  ///
  /// The names are in ascending order, by value if all of them are numbers.
  ///
  /// - Parameter missing: the category of missing fields; none may be missing if nil.
  public func categories(
    _ column: String, missing: String? = nil
  ) throws(FileError) -> (codes: Tensor, names: [String]) {
    let texts = try texts(column, missing: missing)
    let names = CSV.ascending(Set(texts))
    let positions = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    return (Tensor(texts.map { positions[$0, default: 0] }), names)
  }

  /// The texts in a column.
  ///
  /// - Parameter missing: what stands for a missing field; none may be missing if nil.
  public func texts(_ column: String, missing: String? = nil) throws(FileError) -> [String] {
    let index = try position(column)
    var texts: [String] = []
    texts.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      if fields.isMissing(row, index) {
        guard let missing else { throw missingField(row, column) }
        texts.append(missing)
      } else {
        texts.append(fields.text(row, index))
      }
    }
    return texts
  }

  /// A mask of the rows that have a value in a column: what `observed` data need a mask for.
  public func isPresent(_ column: String) throws(FileError) -> Tensor {
    let index = try position(column)
    return Tensor((0..<rowCount).map { !fields.isMissing($0, index) })
  }

  // MARK: Fields

  private func position(_ column: String) throws(FileError) -> Int {
    guard let index = columns.firstIndex(of: column) else {
      throw .noColumn(path, name: column, found: columns)
    }
    return index
  }

  private func values(
    _ column: String, _ missing: Double?, _ dtype: DType
  ) throws(FileError) -> [Double] {
    precondition(dtype != .bool, "CSV: numbers are read as float64, float32 or int64")
    let index = try position(column)
    var values: [Double] = []
    values.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      if let value = fields.number(row, index) {
        if dtype == .int64, let reason = CSV.fault(asWhole: value) {
          throw field(row, column, "\(fields.text(row, index)) \(reason)")
        }
        values.append(value)
      } else if !fields.isMissing(row, index) {
        throw field(
          row, column,
          "\"\(fields.text(row, index).prefix(40))\" is no number; categories(_:) gives texts codes"
        )
      } else if let missing {
        values.append(missing)
      } else {
        throw missingField(row, column)
      }
    }
    return values
  }

  /// Why a number cannot be had as an integer without loss; nil if it can.
  private static func fault(asWhole value: Double) -> String? {
    if value.rounded() != value { return "is no whole number" }
    // From here on doubles skip whole numbers.
    return value.magnitude <= 0x1p53
      ? nil : "is beyond ±2⁵³, where digits would be lost; categories(_:) gives such keys codes"
  }

  private func missingField(_ row: Int, _ column: String) -> FileError {
    field(row, column, "a value is missing; say what stands for it with missing:, or drop the row")
  }

  private func field(_ row: Int, _ column: String, _ reason: String) -> FileError {
    .field(path, line: fields.line(row), column: column, reason: reason)
  }

  private static func ascending(_ names: Set<String>) -> [String] {
    let numbers = names.compactMap { name in Double(name).map { (name, $0) } }
    if numbers.count == names.count {
      return numbers.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }
    return names.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
  }
}
