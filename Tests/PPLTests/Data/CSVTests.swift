import Foundation
import TestSupport
import Testing

@testable import PPL

@Suite struct CSVTests {
  // MARK: Form

  private struct Case: Decodable {
    let text: String
    let fields: [[String]]
  }

  /// See make_tables.py. Fields that mean a missing value are compared as such.
  @Test func `tables of Python's csv module`() throws {
    let cases = try Golden.load("tables.json", as: [Case].self)
    #expect(cases.count == 60)
    for item in cases {
      let table = try CSV(text: item.text)
      #expect(table.columns == item.fields[0])
      #expect(table.rowCount == item.fields.count - 1, "\(item.text)")
      for (column, name) in table.columns.enumerated() {
        let expected = item.fields.dropFirst().map { $0[column] }
        // Only spaces are left of some.
        let texts = try table.texts(name, missing: "?").enumerated().map { row, text in
          text == "?" ? expected[row].filter { $0 != " " && $0 != "\t" } : text
        }
        #expect(zip(texts, expected).allSatisfy { $0 == $1 || $0.isEmpty }, "\(item.text)")
      }
    }
  }

  @Test(arguments: [
    "a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r",
    "\u{FEFF}a,b\n1,2\n3,4", "\n\na,b\n\n1,2\r\n\r\n3,4\n\n",
    "\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4\"",
    "\"a\",\"b\"\r\n\"1\",\"2\"\r\n\"3\",\"4\"\r", "a,b\n 1,2 \n\t3,\" 4\"",
  ])
  func `forms of one table`(_ text: String) throws {
    let table = try CSV(text: text)
    #expect(table.columns == ["a", "b"] && table.rowCount == 2)
    expectClose(try table.numbers("a"), [1, 3], shape: [2])
    expectClose(try table.matrix(["b", "a"]), [2, 1, 4, 3], shape: [2, 2])
    #expect(try table.matrix(["b", "a", "a"], dtype: .float32).dtype == .float32)
    expectSameBits(try table.numbers("b", dtype: .int64), Tensor([2, 4]), "int64")
  }

  @Test func `empty fields at the ends of lines`() throws {
    let table = try CSV(text: "a,b,c\n,,\n1,,\n,\"\",2\n,,")
    #expect(table.rowCount == 4)
    #expect(try table.isPresent("a").boolArray() == [false, true, false, false])
    #expect(try table.isPresent("b").boolArray() == [false, false, false, false])
    #expect(try table.isPresent("c").boolArray() == [false, false, true, false])
    #expect(try CSV(text: "a,b").rowCount == 0)
    #expect(try CSV(text: "a,b\n").numbers("b").shape == [0])
  }

  @Test func `text that is no table`() {
    expectFileError("text", "empty") { _ = try CSV(text: "") }
    expectFileError("empty") { _ = try CSV(text: "\n\r\n") }
    expectFileError("line 3", "3 fields", "2") { _ = try CSV(text: "a,b\n1,2\n1,2,3\n") }
    expectFileError("line 5", "1 fields", "2") { _ = try CSV(text: "a,b\n\"1\n\n\",2\n1\n") }
    expectFileError("line 2", "2 fields", "3") { _ = try CSV(text: "a,b,c\n1,") }
    expectFileError("line 2", "not closed") { _ = try CSV(text: "a,b\n1,\"2\n3,4\n") }
    expectFileError("line 2", "closing quote") { _ = try CSV(text: "a,b\n1,\"2\"3\n") }
    expectFileError("two columns", "\"a\"") { _ = try CSV(text: "a,b,a\n1,2,3") }
  }

  @Test func `files`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.csv"
      expectFileError(path, "No such file") { _ = try CSV(contentsOf: path) }
      expectFileError("directory") { _ = try CSV(contentsOf: folder) }
      // More than one piece of a pipe.
      let rows = (0..<20_000).map { "\($0),\($0 % 7)" }.joined(separator: "\n")
      try write(Array("a,b\n\(rows)".utf8), to: path)
      let table = try CSV(contentsOf: path)
      #expect(try table.numbers("a", dtype: .int64).intArray() == Array(0..<20_000))
      expectFileError(path, "\"c\"", "\"a\", \"b\"") { _ = try table.numbers("c") }
    }
  }

  /// Nothing that a file may contain stops the process.
  @Test func `random texts`() throws {
    var generator = SeededGenerator(seed: 6)
    let pieces = ["a", ",", "\"", "\n", "\r", "\r\n", "1", "-", ".", "e", "NA", " ", "\u{0}", "é"]
    var tables = 0
    for _ in 0..<2000 {
      let text = (0..<generator.below(25)).map { _ in generator.pick(pieces) }.joined()
      guard let table = try? CSV(text: text) else { continue }
      tables += 1
      for name in table.columns {
        #expect(try table.texts(name, missing: "").count == table.rowCount)
        #expect(try table.isPresent(name).count == table.rowCount)
        _ = try? table.numbers(name, missing: 0, dtype: .int64)
      }
    }
    #expect(tables > 500)
  }

  // MARK: Numbers

  /// Against the C library's conversion.
  @Test func `numbers are rounded correctly`() throws {
    var generator = SeededGenerator(seed: 8)
    var texts = [
      "0", "-0", "+1", "1.", ".5", "-.25", "1e5", "1E-5", "123456789012345", "0.1", "1e308",
      "4.9e-324", "2.2250738585072011e-308", "9007199254740993", "0.000000000000001",
      "99999.9999999999", "179769313486231570000000000000000", "inf", "-Infinity", "1e999",
    ]
    for _ in 0..<3000 {
      let digits = String(
        (0..<1 + generator.below(19)).map { _ in generator.pick(Array("0123456789")) })
      let point = generator.below(digits.count + 1)
      let exponent = generator.chance(0.3) ? "e\(generator.below(60) - 30)" : ""
      texts.append("-\(digits.prefix(point)).\(digits.dropFirst(point))\(exponent)")
    }
    let numbers = try CSV(text: "x\n" + texts.joined(separator: "\n")).numbers("x").array()
    for (text, number) in zip(texts, numbers) {
      #expect(number.bitPattern == strtod(text, nil).bitPattern, "\(text): \(number)")
    }
  }

  @Test func `what is no number`() throws {
    for text in ["x1", "1,5", "--1", "1e", ".", "-", "1 2", "1.2.3", "5%", "nan(1)", "é"] {
      let table = try CSV(text: "a,b\n0,1\n0,\"\(text)\"\n")
      expectFileError("text", "line 3", "\"b\"", "\"\(text)\" is no number") {
        _ = try table.numbers("b")
      }
      expectFileError("line 3") { _ = try table.numbers("b", missing: 0) }
    }
    let table = try CSV(text: "a,b\n1,2.5\n1e300,1\n")
    expectFileError("line 2", "\"b\"", "2.5", "whole") { _ = try table.numbers("b", dtype: .int64) }
    expectFileError("line 3", "\"a\"") { _ = try table.numbers("a", dtype: .int64) }
    let keys = try CSV(
      text: "a,b\n9007199254740992,9007199254740993\n-9007199254740992,9007199254740994\n")
    #expect(
      try keys.numbers("a", dtype: .int64).intArray() == [
        9_007_199_254_740_992, -9_007_199_254_740_992,
      ])
    expectFileError("line 3", "\"b\"", "2⁵³", "categories") {
      _ = try keys.numbers("b", dtype: .int64)
    }
  }

  @Test(arguments: ["", "NA", "NaN", "nan", "null", " NA ", "\"NA\"", "\"\""])
  func `missing values`(_ text: String) throws {
    let table = try CSV(text: "a,b\n\"line\n break\",2\nx,\(text)\n")
    expectFileError("line 4", "\"b\"", "missing") { _ = try table.numbers("b") }
    expectFileError("line 4", "\"b\"", "missing") { _ = try table.matrix(["b"]) }
    expectFileError("line 4", "\"b\"", "missing") { _ = try table.texts("b") }
    expectFileError("line 4", "\"b\"", "missing") { _ = try table.categories("b") }
    expectClose(try table.numbers("b", missing: .nan), [2, .nan])
    expectSameBits(try table.numbers("b", missing: -1, dtype: .int64), Tensor([2, -1]), "fill")
    #expect(try table.isPresent("b").boolArray() == [true, false])
    let (codes, names) = try table.categories("b", missing: "unknown")
    #expect(codes.intArray() == [0, 1] && names == ["2", "unknown"])
    #expect(try table.texts("a") == ["line\n break", "x"])
  }

  @Test func `categories are in ascending order`() throws {
    let table = try CSV(text: "n,t\n10,b\n9,B\n-1,é\n9,b\n1e1,a\n")
    let numbers = try table.categories("n")
    #expect(numbers.names == ["-1", "9", "10", "1e1"])
    #expect(numbers.codes.intArray() == [2, 1, 0, 1, 3] && numbers.codes.dtype == .int64)
    let texts = try table.categories("t")
    #expect(texts.names == ["B", "a", "b", "é"] && texts.codes.intArray() == [2, 0, 3, 2, 1])
  }
}
