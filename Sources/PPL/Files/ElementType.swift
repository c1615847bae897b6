import Tensors

/// The element types of the safetensors format that have a place in a tensor.
enum ElementType: String {
  case float64 = "F64"
  case float32 = "F32"
  case int64 = "I64"
  case bool = "BOOL"
  // Read only: narrower ones, which the tensor's type holds exactly.
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"

  init(_ dtype: DType) {
    switch dtype {
    case .float64: self = .float64
    case .float32: self = .float32
    case .int64: self = .int64
    case .bool: self = .bool
    }
  }

  /// In the file.
  var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .bool, .int8, .uint8: 1
    }
  }

  /// In memory.
  var dtype: DType {
    switch self {
    case .float64: .float64
    case .float32, .float16, .bfloat16: .float32
    case .int64, .int32, .int16, .int8, .uint32, .uint16, .uint8: .int64
    case .bool: .bool
    }
  }

  /// The tensor's elements from those of the file.
  func elements(from file: Storage) -> Storage {
    switch self {
    case .float64, .float32, .int64: file
    case .bool: file.converted { (byte: UInt8) in byte == 0 ? UInt8(0) : 1 }
    case .float16: file.converted(Float.init(half:))
    case .bfloat16: file.converted { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .int32: file.converted { (value: Int32) in Int64(value) }
    case .int16: file.converted { (value: Int16) in Int64(value) }
    case .int8: file.converted { (value: Int8) in Int64(value) }
    case .uint32: file.converted { (value: UInt32) in Int64(value) }
    case .uint16: file.converted { (value: UInt16) in Int64(value) }
    case .uint8: file.converted { (value: UInt8) in Int64(value) }
    }
  }
}

extension Storage {
  fileprivate func converted<Source, Target>(_ convert: (Source) -> Target) -> Storage {
    let count = byteCount / MemoryLayout<Source>.stride
    let result = Storage(byteCount: count * MemoryLayout<Target>.stride)
    let source = pointer.assumingMemoryBound(to: Source.self)
    let target = result.pointer.bindMemory(to: Target.self, capacity: count)
    for index in 0..<count { target[index] = convert(source[index]) }
    return result
  }
}

extension Float {
  /// The value of the bits of an IEEE half-precision number.
  fileprivate init(half bits: UInt16) {
    // The exponents of numbers differ by 112; those of infinities and NaN are the largest of both.
    let magnitude = UInt32(bits & 0x7fff) << 13
    let isFinite = bits & 0x7c00 != 0x7c00
    let value =
      isFinite ? Float(bitPattern: magnitude) * 0x1p112 : Float(bitPattern: magnitude | 0x7f80_0000)
    self = bits & 0x8000 == 0 ? value : -value
  }
}
