import CTensorKernels

/// An element type of the kernels, with what tests of reductions and orders compare them with.
protocol KernelElement: Equatable, Sendable {
  static var dtype: Int32 { get }
  static func random(_ r: inout SplitMix) -> Self
  /// Of few distinct values, so that there are ties; `k` is in -20...20.
  static func tied(_ k: Int) -> Self
  /// What reductions may get wrong.
  static var special: [Self] { get }
  /// What stands where an index has no element.
  static var missing: Self { get }

  var isNaN: Bool { get }
  /// Whether this goes before another in ascending order, NaN last.
  func isBefore(_ other: Self) -> Bool
  /// A number the products of which stay in range.
  var factor: Self { get }

  /// What a reduction starts from; nil where the type has none of that kind.
  static func identity(_ reduction: Reduction) -> Self?
  func reduced(_ reduction: Reduction, with other: Self) -> Self
  /// Whether two reductions of `count` elements in different orders agree.
  func agrees(with other: Self, after reduction: Reduction, of count: Int) -> Bool
}

enum Reduction: Int32, CaseIterable {
  case sum, product, max, min

  var code: Int32 {
    switch self {
    case .sum: Int32(CTK_SUM)
    case .product: Int32(CTK_PROD)
    case .max: Int32(CTK_RMAX)
    case .min: Int32(CTK_RMIN)
    }
  }

  var isExtreme: Bool { self == .max || self == .min }
}

extension KernelElement where Self: BinaryFloatingPoint {
  static var missing: Self { .nan }
  func isBefore(_ other: Self) -> Bool { self < other || (other.isNaN && !isNaN) }
  var factor: Self { self < 0 ? self / 20 - 1 : self / 20 + 0.9 }

  static func identity(_ reduction: Reduction) -> Self? {
    switch reduction {
    case .sum: 0
    case .product: 1
    case .max: -.infinity
    case .min: .infinity
    }
  }

  func reduced(_ reduction: Reduction, with other: Self) -> Self {
    switch reduction {
    case .sum: self + other
    case .product: self * other
    case .max: isNaN || other.isNaN ? .nan : Swift.max(self, other)
    case .min: isNaN || other.isNaN ? .nan : Swift.min(self, other)
    }
  }

  func agrees(with other: Self, after reduction: Reduction, of count: Int) -> Bool {
    if self == other || (isNaN && other.isNaN) { return true }
    let slack = 4 * Double(count + 1) * Self.epsilon
    let difference = Double((self - other).magnitude)
    switch reduction {
    case .sum: return difference <= slack * 2
    case .product: return difference <= slack * Double(Swift.max(magnitude, other.magnitude))
    case .max, .min: return false
    }
  }
}

extension KernelElement where Self: FixedWidthInteger {
  static var missing: Self { 0 }
  var isNaN: Bool { false }
  func isBefore(_ other: Self) -> Bool { self < other }
  var factor: Self { self }

  func reduced(_ reduction: Reduction, with other: Self) -> Self {
    switch reduction {
    case .sum: self &+ other
    case .product: self &* other
    case .max: Swift.max(self, other)
    case .min: Swift.min(self, other)
    }
  }

  func agrees(with other: Self, after reduction: Reduction, of count: Int) -> Bool {
    self == other
  }
}

extension Double: KernelElement {
  static var dtype: Int32 { Int32(CTK_F64) }
  static func random(_ r: inout SplitMix) -> Double { r.signed() * 2 }
  static func tied(_ k: Int) -> Double { k == 20 ? .nan : Double(k) / 4 }
  static var special: [Double] { [.nan, .infinity, -0.0] }
}

extension Float: KernelElement {
  static var dtype: Int32 { Int32(CTK_F32) }
  static func random(_ r: inout SplitMix) -> Float { Float(r.signed() * 2) }
  static func tied(_ k: Int) -> Float {
    k == 20 ? .nan : k == 19 ? -.infinity : k == 0 ? -0.0 : Float(k)
  }
  static var special: [Float] { [.nan, -.infinity, -0.0] }
}

extension Int64: KernelElement {
  static var dtype: Int32 { Int32(CTK_I64) }
  static func random(_ r: inout SplitMix) -> Int64 { Int64.random(in: -9...9, using: &r) }
  static func tied(_ k: Int) -> Int64 { k == 20 ? .min : Int64(k) }
  static var special: [Int64] { [.min, .max] }

  static func identity(_ reduction: Reduction) -> Int64? {
    switch reduction {
    case .sum: 0
    case .product: 1
    case .max: .min
    case .min: .max
    }
  }
}

/// Stands for bool: one byte, 0 or 1.
extension UInt8: KernelElement {
  static var dtype: Int32 { Int32(CTK_BOOL) }
  static func random(_ r: inout SplitMix) -> UInt8 { UInt8.random(in: 0...1, using: &r) }
  static func tied(_ k: Int) -> UInt8 { UInt8(k & 1) }
  static var special: [UInt8] { [] }

  static func identity(_ reduction: Reduction) -> UInt8? {
    switch reduction {
    case .sum, .product: nil
    case .max: 0
    case .min: 1
    }
  }
}

/// Whether the elements are the same, or both NaN.
func sameElements<T: KernelElement>(_ a: [T], _ b: [T]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
}
