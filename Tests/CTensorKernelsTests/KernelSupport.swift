import CTensorKernels
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The instruction sets this machine has.
let isas = Array(0...ctk_isa_best())

private let lookupLock = Mutex(())

/// A kernel as looked up for an instruction set. The choice is one for the process, so it is made
/// and taken back under a lock; kernels once looked up can run at any time.
func kernel(isa: Int32, _ lookup: () -> ctk_fn?) -> ctk_fn? {
  lookupLock.withLock { _ in
    ctk_set_isa(isa)
    defer { ctk_set_isa(ctk_isa_best()) }
    return lookup()
  }
}

enum DType: Int32, CaseIterable {
  case f64, f32, i64, bool

  var size: Int {
    switch self {
    case .f64, .i64: 8
    case .f32: 4
    case .bool: 1
    }
  }

  var isFloat: Bool { self == .f64 || self == .f32 }
}

/// An elementwise kernel with what is needed to call it on raw bytes.
struct KernelCase: CustomTestStringConvertible, Sendable {
  var name: String
  var fn: ctk_fn
  var out: DType
  var operands: [DType]
  var scalar: [Bool]

  var testDescription: String { name }
}

/// Every elementwise kernel there is for an instruction set.
func elementwiseKernels(isa: Int32) -> [KernelCase] {
  var cases: [KernelCase] = []
  func add(
    _ name: String, _ out: DType, _ operands: [DType], _ scalar: [Bool], _ lookup: () -> ctk_fn?
  ) {
    guard let fn = kernel(isa: isa, lookup) else { return }
    let name = "isa \(isa) \(name) \(operands)"
    cases.append(KernelCase(name: name, fn: fn, out: out, operands: operands, scalar: scalar))
  }
  let modes = [(CTK_VV, [false, false]), (CTK_VS, [false, true]), (CTK_SV, [true, false])]
  for t in DType.allCases {
    let d = t.rawValue
    for op in 0..<Int32(CTK_UNARY_COUNT) {
      add("unary \(op)", t, [t], [false]) { ctk_unary(op, d) }
    }
    for op in 0...Int32(CTK_NOT) { add("test \(op)", .bool, [t], [false]) { ctk_test(op, d) } }
    for (mode, scalar) in modes {
      for op in 0..<Int32(CTK_BINARY_COUNT) {
        add("binary \(op)", t, [t, t], scalar) { ctk_binary(op, d, Int32(mode)) }
      }
      for op in 0...Int32(CTK_LE) {
        add("compare \(op)", .bool, [t, t], scalar) { ctk_compare(op, d, Int32(mode)) }
      }
    }
    for mode in Int32(0)..<8 {
      let scalar = [mode & 4 != 0, mode & 1 != 0, mode & 2 != 0]
      add("where \(mode)", t, [.bool, t, t], scalar) { ctk_where(d, mode) }
    }
    for to in DType.allCases {
      add("cast to \(to)", to, [t], [false]) { ctk_cast(d, to.rawValue) }
    }
    add("fill", t, [t], [true]) { ctk_fill(d) }
    add("copy", t, [t], [false]) { ctk_copy(d) }
    add("affine", t, [t, t, t], [false, true, true]) { ctk_affine(d) }
    add("scaleadd", t, [t, t, t], [false, true, false]) { ctk_scaleadd(d) }
    add("muladd", t, [t, t, t], [false, false, false]) { ctk_muladd(d) }
  }
  return cases
}

// MARK: - Calling

/// Calls a kernel on raw memory.
func call(
  _ fn: ctk_fn, n: Int, start: Int = 0, d: UnsafeMutableRawPointer,
  _ operands: [UnsafeRawPointer], x: UnsafeRawPointer? = nil
) {
  func pointer(_ i: Int) -> UnsafePointer<CChar>? {
    i < operands.count ? operands[i].assumingMemoryBound(to: CChar.self) : nil
  }
  var i = ctk_instr()
  i.fn = fn
  i.n = Int64(n)
  i.start = Int64(start)
  i.d = d.assumingMemoryBound(to: CChar.self)
  i.a = pointer(0)
  i.b = pointer(1)
  i.c = pointer(2)
  i.x = x
  fn(&i)
}

/// The kernel's results for operands of `T`; arrays of one element are passed as scalars.
func apply<T, R>(_ fn: ctk_fn?, to operands: [T]..., zero: R) throws -> [R] {
  let fn = try #require(fn)
  let n = operands.map(\.count).max() ?? 0
  var d = Array(repeating: zero, count: n)
  d.withUnsafeMutableBytes { d in
    withPointers(operands[...], []) { call(fn, n: n, d: d.baseAddress!, $0) }
  }
  return d
}

private func withPointers<T>(
  _ arrays: ArraySlice<[T]>, _ pointers: [UnsafeRawPointer], _ body: ([UnsafeRawPointer]) -> Void
) {
  guard let first = arrays.first else { return body(pointers) }
  first.withUnsafeBytes { withPointers(arrays.dropFirst(), pointers + [$0.baseAddress!], body) }
}

// MARK: - Operands

/// The floating-point types, with what the tests need to treat them alike.
protocol TestedFloat: BinaryFloatingPoint, KernelElement {
  init(pattern: UInt64)
  /// The exponent field's largest value, that of infinity.
  static var topExponent: UInt64 { get }
  static func pattern(exponent: UInt64, fraction: UInt64) -> Self
}

extension Double: TestedFloat {
  init(pattern: UInt64) { self.init(bitPattern: pattern) }
  static var topExponent: UInt64 { 2047 }
  static func pattern(exponent: UInt64, fraction: UInt64) -> Double {
    Double(bitPattern: exponent << 52 | fraction >> 12)
  }
}

extension Float: TestedFloat {
  init(pattern: UInt64) { self.init(bitPattern: UInt32(truncatingIfNeeded: pattern)) }
  static var topExponent: UInt64 { 255 }
  static func pattern(exponent: UInt64, fraction: UInt64) -> Float {
    Float(bitPattern: UInt32(exponent << 23 | fraction >> 41))
  }
}

extension TestedFloat {
  /// Zeros, infinities, NaN, denormals, the largest and smallest numbers, and where functions
  /// overflow, underflow, have zeros or change method.
  static var specialValues: [Self] {
    let positive: [Self] = [
      0, .infinity, .nan, .leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude / 3,
      .greatestFiniteMagnitude, .greatestFiniteMagnitude / 2, .ulpOfOne, .ulpOfOne / 2,
      1, Self(1).nextUp, Self(1).nextDown, 0.5, 1.5, 2, 2.5, 3, 10, 100, 170.5, 1024, 1e5, 1e10,
      709.78, 709.79, 710.3, 710.6, 745.1, 745.2, 708.4, 1023.9, 1074, 1075, 88.7, 88.73, 89.4,
      89.5, 87.3, 103.9, 104, 127.9, 149, 150, 6, 9.1, 9.2, 10.05, 26.5, 27.2, 2.4570247, 2.7476826,
      0.55, 0.41421356, 20, 22, 37, 40, Self.pi, Self.pi / 2, Self.pi * 1000, 1e18, 1e20, 1e36,
    ]
    return positive + positive.map { -$0 }
  }

  /// Special values, every exponent, random bits, and the range most numbers come from.
  static func sweep(_ seed: UInt64, random count: Int) -> [Self] {
    var r = SplitMix(seed)
    var values = specialValues
    for exponent in 0..<topExponent {
      for fraction in [0, UInt64.max, r.next()] {
        let x = pattern(exponent: exponent, fraction: fraction)
        values += [x, -x]
      }
    }
    for _ in 0..<count {
      values.append(Self(pattern: r.next()))
      for scale in [1.0, 4, 40, 1500] {
        values.append(Self(Double.random(in: -scale...scale, using: &r)))
      }
      let near = Double.random(in: -1...1, using: &r) * exp2(-Double(r.int(0...40)))
      values.append(Self(1 + near))
    }
    return values
  }

  /// How far this is from the true value, in units of the last place of the latter.
  func ulps(from reference: Double) -> Double {
    let rounded = Self(reference)
    if rounded.isNaN || isNaN { return rounded.isNaN && isNaN ? 0 : .infinity }
    if rounded.isInfinite || isInfinite {
      let beside = rounded.isInfinite ? self : rounded
      let next = beside.magnitude == .greatestFiniteMagnitude
      return rounded == self ? 0 : next && sign == rounded.sign ? 1 : .infinity
    }
    if rounded == 0 && self == 0 { return sign == rounded.sign ? 0 : .infinity }
    let unit = Swift.max(rounded.magnitude.ulp, Self.leastNonzeroMagnitude)
    return (Double(self) - reference).magnitude / Double(unit)
  }
}

/// Operands of any type, edge cases among them, as bytes.
func operandBytes(_ type: DType, count: Int, seed: UInt64) -> [UInt8] {
  var r = SplitMix(seed)
  func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes(Array.init) }
  func float<T: TestedFloat>(_: T.Type) -> [T] {
    let special = T.specialValues
    return (0..<count).map { _ in
      switch r.int(0...3) {
      case 0: special[r.int(0...special.count - 1)]
      case 1: T(pattern: r.next())
      default: T(Double.random(in: -30...30, using: &r))
      }
    }
  }
  switch type {
  case .f64: return bytes(float(Double.self))
  case .f32: return bytes(float(Float.self))
  case .i64:
    let special: [Int64] = [0, 1, -1, .min, .max, 2, -3]
    return bytes(
      (0..<count).map { _ in
        r.int(0...2) == 0 ? special[r.int(0...6)] : Int64.random(in: -1000...1000, using: &r)
      })
  case .bool: return (0..<count).map { _ in UInt8(r.int(0...1)) }
  }
}

/// Whether two elements have the same bits, or are both NaN, whose bits are nobody's business.
func sameElement(_ type: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer) -> Bool {
  switch type {
  case .f64:
    let x = a.loadUnaligned(as: Double.self)
    let y = b.loadUnaligned(as: Double.self)
    return x.bitPattern == y.bitPattern || x.isNaN && y.isNaN
  case .f32:
    let x = a.loadUnaligned(as: Float.self)
    let y = b.loadUnaligned(as: Float.self)
    return x.bitPattern == y.bitPattern || x.isNaN && y.isNaN
  default: return memcmp(a, b, type.size) == 0
  }
}
