import Foundation

/// A number with a fixed count of digits after the point.
public func fixed(_ number: Double, _ digits: Int = 3) -> String {
  String(format: "%.\(digits)f", number)
}

/// Text filled up with spaces on its right.
public func left(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(width - text.count, 0))
}

/// Text filled up with spaces on its left.
public func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(width - text.count, 0)) + text
}

/// A line of a table: a name, then numbers or headings in columns of the same width.
public func row(_ name: String, _ cells: [String], nameWidth: Int = 16, width: Int = 10) -> String {
  left(name, nameWidth) + cells.map { right($0, width) }.joined()
}
