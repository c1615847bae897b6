import Foundation

extension String {
  func leftPadding(to width: Int) -> String {
    count >= width ? self : String(repeating: " ", count: width - count) + self
  }
}

/// A number with a fixed number of decimals.
func formatted(_ value: Double, digits: Int) -> String {
  value.isNaN ? "nan" : String(format: "%.\(digits)f", value)
}
