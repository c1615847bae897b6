internal import CTensorKernels

/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, CaseIterable {
  case float64
  case float32
  /// For indices, counts and random keys.
  case int64
  /// For masks; one byte an element.
  case bool

  /// Bytes an element takes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32: 4
    case .bool: 1
    }
  }

  /// Whether elements are floating-point numbers, which alone have derivatives.
  public var isFloat: Bool { self == .float64 || self == .float32 }

  /// The number by which the kernels know this type.
  var kernelCode: Int32 { Int32(rawValue) }

  /// The type both operands of an arithmetic operation are taken to: bool < int64 < float32 < float64.
  func promoted(with other: DType) -> DType { rank >= other.rank ? self : other }

  private var rank: Int {
    switch self {
    case .bool: 0
    case .int64: 1
    case .float32: 2
    case .float64: 3
    }
  }
}

extension DType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float64: "float64"
    case .float32: "float32"
    case .int64: "int64"
    case .bool: "bool"
    }
  }
}
