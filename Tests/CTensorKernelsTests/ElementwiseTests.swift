import CTensorKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Semantics of the elementwise kernels. Accuracy has a file of its own.
@Suite struct ElementwiseTests {
  // MARK: - Every kernel

  /// Any length, any position, any alignment, and in place: always the same bits, and nothing
  /// written outside.
  @Test(arguments: isas) func lengthsPositionsAndGuards(isa: Int32) {
    let total = 192
    let guardSize = 64
    for k in elementwiseKernels(isa: isa) {
      let inputs = k.operands.enumerated().map {
        operandBytes($1, count: total, seed: UInt64($0 + 17))
      }
      func run(_ d: UnsafeMutableRawPointer, from: Int, n: Int) {
        withBases(inputs) { bases in
          let shifted = bases.indices.map {
            k.scalar[$0] ? bases[$0] : bases[$0] + from * k.operands[$0].size
          }
          call(k.fn, n: n, d: d, shifted)
        }
      }
      var whole = [UInt8](repeating: 0, count: total * k.out.size)
      whole.withUnsafeMutableBytes { run($0.baseAddress!, from: 0, n: total) }

      for n in 1...70 {
        let from = n * 37 % 121
        let at = guardSize + n % 5 * k.out.size
        var d = [UInt8](repeating: 0xA5, count: at + n * k.out.size + guardSize)
        d.withUnsafeMutableBytes { run($0.baseAddress! + at, from: from, n: n) }
        let outside = d[..<at] + d[(at + n * k.out.size)...]
        if !outside.allSatisfy({ $0 == 0xA5 }) {
          Issue.record("\(k.name): wrote outside, n = \(n)")
        }
        if !compare(k.out, d, at, whole, from * k.out.size, n) {
          Issue.record("\(k.name): n = \(n) from \(from) differs")
        }
      }
      checkInPlace(k, inputs, whole, total)
    }
  }

  private func checkInPlace(
    _ k: KernelCase, _ inputs: [[UInt8]], _ whole: [UInt8], _ total: Int
  ) {
    for i in k.operands.indices where k.operands[i] == k.out && !k.scalar[i] {
      var d = inputs[i]
      d.withUnsafeMutableBytes { d in
        withBases(inputs) { bases in
          var bases = bases
          bases[i] = UnsafeRawPointer(d.baseAddress!)
          call(k.fn, n: total, d: d.baseAddress!, bases)
        }
      }
      #expect(compare(k.out, d, 0, whole, 0, total), "\(k.name): in place of operand \(i)")
    }
  }

  private func withBases(_ arrays: [[UInt8]], _ body: ([UnsafeRawPointer]) -> Void) {
    func go(_ rest: ArraySlice<[UInt8]>, _ bases: [UnsafeRawPointer]) {
      guard let first = rest.first else { return body(bases) }
      first.withUnsafeBytes { go(rest.dropFirst(), bases + [$0.baseAddress!]) }
    }
    go(arrays[...], [])
  }

  private func compare(
    _ type: DType, _ a: [UInt8], _ i: Int, _ b: [UInt8], _ j: Int, _ n: Int
  ) -> Bool {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        let (a, b) = (a.baseAddress! + i, b.baseAddress! + j)
        if memcmp(a, b, n * type.size) == 0 { return true }
        return (0..<n).allSatisfy { sameElement(type, a + $0 * type.size, b + $0 * type.size) }
      }
    }
  }

  /// The combinations that exist are those the header lists.
  @Test(arguments: isas) func existence(isa: Int32) {
    let integerUnary = Set([CTK_NEG, CTK_ABS, CTK_SIGN, CTK_SQUARE, CTK_RELU].map { Int32($0) })
    let integerBinary = Set(
      [CTK_ADD, CTK_SUB, CTK_MUL, CTK_DIV, CTK_MOD, CTK_MAX, CTK_MIN, CTK_FOLDIN].map { Int32($0) })
    let boolBinary = Set([CTK_AND, CTK_OR, CTK_XOR].map { Int32($0) })
    func exists(_ lookup: () -> ctk_fn?) -> Bool { kernel(isa: isa, lookup) != nil }
    for t in DType.allCases {
      let d = t.rawValue
      for op in 0..<Int32(CTK_UNARY_COUNT) {
        let expected = t.isFloat || t == .i64 && integerUnary.contains(op)
        #expect(exists { ctk_unary(op, d) } == expected, "unary \(op) \(t)")
      }
      for op in 0..<Int32(CTK_BINARY_COUNT) {
        let expected =
          switch t {
          case .f64, .f32: !boolBinary.contains(op) && op != Int32(CTK_FOLDIN)
          case .i64: integerBinary.contains(op)
          case .bool: boolBinary.contains(op)
          }
        for mode in Int32(0)..<3 {
          #expect(exists { ctk_binary(op, d, mode) } == expected, "binary \(op) \(t)")
        }
      }
      for op in 0...Int32(CTK_LE) { #expect(exists { ctk_compare(op, d, 0) }) }
      #expect(exists { ctk_test(Int32(CTK_NOT), d) } == (t == .bool))
      #expect(exists { ctk_test(Int32(CTK_ISNAN), d) } == t.isFloat)
      #expect(exists { ctk_affine(d) } == t.isFloat)
      #expect(exists { ctk_scaleadd(d) } == t.isFloat)
      #expect(exists { ctk_muladd(d) } == t.isFloat)
    }
    #expect(ctk_unary(-1, 0) == nil && ctk_unary(Int32(CTK_UNARY_COUNT), 0) == nil)
    #expect(ctk_unary(0, 4) == nil && ctk_binary(0, 0, 3) == nil && ctk_where(0, 8) == nil)
  }

  // MARK: - Arithmetic

  @Test(arguments: isas) func arithmetic(isa: Int32) throws {
    try checkArithmetic(Double.self, isa)
    try checkArithmetic(Float.self, isa)
  }

  private func checkArithmetic<T: TestedFloat>(_: T.Type, _ isa: Int32) throws {
    let unary: [(Int, (T) -> T)] = [
      (CTK_NEG, { -$0 }), (CTK_ABS, { $0.magnitude }), (CTK_SQUARE, { $0 * $0 }),
      (CTK_SQRT, { $0.squareRoot() }), (CTK_RSQRT, { 1 / $0.squareRoot() }),
      (CTK_RECIPROCAL, { 1 / $0 }), (CTK_FLOOR, { $0.rounded(.down) }),
      (CTK_CEIL, { $0.rounded(.up) }), (CTK_ROUND, { $0.rounded(.toNearestOrEven) }),
      (CTK_TRUNC, { $0.rounded(.towardZero) }), (CTK_RELU, { $0 <= 0 ? 0 : $0 }),
      (CTK_SIGN, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 == 0 ? 0 : .nan }),
    ]
    let x = T.sweep(1, random: 200) + (-40...40).map { T($0) / 2 }
    for (op, f) in unary {
      let fn = kernel(isa: isa) { ctk_unary(Int32(op), T.dtype) }
      expectSame(try apply(fn, to: x, zero: T(0)), x.map(f), "unary \(op)", x)
    }

    let binary: [(Int, (T, T) -> T)] = [
      (CTK_ADD, { $0 + $1 }), (CTK_SUB, { $0 - $1 }), (CTK_MUL, { $0 * $1 }),
      (CTK_DIV, { $0 / $1 }), (CTK_MOD, flooredRemainder),
      (CTK_MAX, { $0.isNaN || $1.isNaN ? .nan : $0 > $1 ? $0 : $1 }),
      (CTK_MIN, { $0.isNaN || $1.isNaN ? .nan : $0 < $1 ? $0 : $1 }),
      (CTK_MULSAFE, { $0 == 0 ? 0 : $0 * $1 }),
    ]
    let (a, b) = pairs(T.self)
    let values = T.specialValues
    for (op, f) in binary {
      func fn(_ mode: Int) -> ctk_fn? {
        kernel(isa: isa) { ctk_binary(Int32(op), T.dtype, Int32(mode)) }
      }
      let name = "binary \(op)"
      expectSame(try apply(fn(CTK_VV), to: a, b, zero: T(0)), zip(a, b).map(f), name, a)
      for s in values {
        let left = try apply(fn(CTK_VS), to: values, [s], zero: T(0))
        let right = try apply(fn(CTK_SV), to: [s], values, zero: T(0))
        expectSame(left, values.map { f($0, s) }, "\(name), scalar \(s)", values)
        expectSame(right, values.map { f(s, $0) }, "scalar \(s), \(name)", values)
      }
    }

    let c = Array(b.reversed())
    let muladd = kernel(isa: isa) { ctk_muladd(T.dtype) }
    let affine = kernel(isa: isa) { ctk_affine(T.dtype) }
    let separate = a.indices.map { a[$0] * b[$0] + c[$0] }
    expectSame(try apply(muladd, to: a, b, c, zero: T(0)), separate, "muladd", a)
    let third: T = 1 / 3
    let line = a.map { $0 * third + 0.1 }
    expectSame(try apply(affine, to: a, [third], [0.1], zero: T(0)), line, "affine", a)
  }

  /// Random pairs, and every pair of special values.
  private func pairs<T: TestedFloat>(_: T.Type) -> ([T], [T]) {
    var r = SplitMix(3)
    let special = T.specialValues
    var a: [T] = []
    var b: [T] = []
    for x in special {
      a += Array(repeating: x, count: special.count)
      b += special
    }
    for i in 0..<2000 {
      let random = { i % 2 == 0 ? T(pattern: r.next()) : T(Double.random(in: -9...9, using: &r)) }
      a.append(random())
      b.append(random())
    }
    return (a, b)
  }

  private func flooredRemainder<T: TestedFloat>(_ x: T, _ y: T) -> T {
    // Swift's remainder of a finite number by infinity is the C function's, as wanted.
    let r = y == 0 || !x.isFinite ? T.nan : x.truncatingRemainder(dividingBy: y)
    if r == 0 { return y.sign == .minus ? -0.0 : 0 }
    return (r < 0) != (y < 0) ? r + y : r
  }

  private func expectSame<T: TestedFloat>(_ got: [T], _ want: [T], _ name: String, _ x: [T]) {
    let bad = got.indices.filter {
      !(got[$0].isNaN && want[$0].isNaN)
        && (got[$0] != want[$0] || got[$0].sign != want[$0].sign)
    }
    #expect(bad.isEmpty, "\(T.self) \(name): \(bad.prefix(3).map { (x[$0], got[$0], want[$0]) })")
  }

  // MARK: - Integers and truth values

  @Test(arguments: isas) func integers(isa: Int32) throws {
    let special: [Int64] = [0, 1, -1, 2, -2, 7, -7, 10, .max, .min, .max - 1, .min + 1]
    var a: [Int64] = []
    var b: [Int64] = []
    for x in special {
      a += Array(repeating: x, count: special.count)
      b += special
    }
    func floorDivide(_ x: Int64, _ y: Int64) -> Int64 {
      if y == 0 { return 0 }
      let (q, overflow) = x.dividedReportingOverflow(by: y)
      return overflow ? q : q - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0)
    }
    let binary: [(Int, (Int64, Int64) -> Int64)] = [
      (CTK_ADD, { $0 &+ $1 }), (CTK_SUB, { $0 &- $1 }), (CTK_MUL, { $0 &* $1 }),
      (CTK_DIV, floorDivide), (CTK_MOD, { $1 == 0 ? 0 : $0 &- floorDivide($0, $1) &* $1 }),
      (CTK_MAX, max), (CTK_MIN, min), (CTK_FOLDIN, { ctk_fold_in($0, $1) }),
    ]
    let i64 = Int64.dtype
    for (op, f) in binary {
      func fn(_ mode: Int) -> ctk_fn? {
        kernel(isa: isa) { ctk_binary(Int32(op), i64, Int32(mode)) }
      }
      #expect(try apply(fn(CTK_VV), to: a, b, zero: Int64(0)) == zip(a, b).map(f), "\(op)")
      for s in special {
        #expect(try apply(fn(CTK_VS), to: a, [s], zero: Int64(0)) == a.map { f($0, s) }, "\(op)")
        #expect(try apply(fn(CTK_SV), to: [s], b, zero: Int64(0)) == b.map { f(s, $0) }, "\(op)")
      }
    }
    let unary: [(Int, (Int64) -> Int64)] = [
      (CTK_NEG, { 0 &- $0 }), (CTK_ABS, { $0 < 0 ? 0 &- $0 : $0 }), (CTK_SIGN, { $0.signum() }),
      (CTK_SQUARE, { $0 &* $0 }), (CTK_RELU, { max($0, 0) }),
    ]
    for (op, f) in unary {
      let fn = kernel(isa: isa) { ctk_unary(Int32(op), i64) }
      #expect(try apply(fn, to: a, zero: Int64(0)) == a.map(f), "unary \(op)")
    }
  }

  @Test(arguments: isas) func truthValues(isa: Int32) throws {
    let a: [UInt8] = [0, 0, 1, 1]
    let b: [UInt8] = [0, 1, 0, 1]
    let bool = UInt8.dtype
    func binary(_ op: Int) throws -> [UInt8] {
      try apply(kernel(isa: isa) { ctk_binary(Int32(op), bool, 0) }, to: a, b, zero: UInt8(9))
    }
    #expect(try binary(CTK_AND) == [0, 0, 0, 1])
    #expect(try binary(CTK_OR) == [0, 1, 1, 1])
    #expect(try binary(CTK_XOR) == [0, 1, 1, 0])
    let not = kernel(isa: isa) { ctk_test(Int32(CTK_NOT), bool) }
    #expect(try apply(not, to: a, zero: UInt8(9)) == [1, 1, 0, 0])
  }

  // MARK: - Comparison, selection, conversion

  @Test(arguments: isas) func comparisons(isa: Int32) throws {
    try checkComparisons(Double.specialValues, isa)
    try checkComparisons(Float.specialValues, isa)
    try checkComparisons([Int64.min, -1, 0, 1, .max], isa)
    try checkComparisons([UInt8(0), 1], isa)
    for op in [CTK_ISNAN, CTK_ISFINITE] {
      let x = Double.sweep(4, random: 100)
      let fn = kernel(isa: isa) { ctk_test(Int32(op), Double.dtype) }
      let want = x.map { (op == CTK_ISNAN ? $0.isNaN : $0.isFinite) ? UInt8(1) : 0 }
      #expect(try apply(fn, to: x, zero: UInt8(9)) == want)
      let y = x.map { Float($0) }
      let fnFloat = kernel(isa: isa) { ctk_test(Int32(op), Float.dtype) }
      let wantFloat = y.map { (op == CTK_ISNAN ? $0.isNaN : $0.isFinite) ? UInt8(1) : 0 }
      #expect(try apply(fnFloat, to: y, zero: UInt8(9)) == wantFloat)
    }
  }

  private func checkComparisons<T: KernelElement & Comparable>(_ values: [T], _ isa: Int32) throws {
    let relations: [(Int, (T, T) -> Bool)] = [
      (CTK_EQ, { $0 == $1 }), (CTK_NE, { $0 != $1 }), (CTK_LT, { $0 < $1 }), (CTK_LE, { $0 <= $1 }),
    ]
    for (op, f) in relations {
      func fn(_ mode: Int) -> ctk_fn? {
        kernel(isa: isa) { ctk_compare(Int32(op), T.dtype, Int32(mode)) }
      }
      for s in values {
        let left = values.map { f($0, s) ? UInt8(1) : 0 }
        let right = values.map { f(s, $0) ? UInt8(1) : 0 }
        let same = Array(repeating: s, count: values.count)
        #expect(try apply(fn(CTK_VV), to: values, same, zero: UInt8(9)) == left)
        #expect(try apply(fn(CTK_VS), to: values, [s], zero: UInt8(9)) == left)
        #expect(try apply(fn(CTK_SV), to: [s], values, zero: UInt8(9)) == right)
      }
    }
  }

  @Test(arguments: isas) func selection(isa: Int32) throws {
    var r = SplitMix(5)
    let n = 43
    let condition: [UInt8] = r.array(n)
    for mode in Int32(0)..<8 {
      let b: [Double] = r.array(mode & 1 != 0 ? 1 : n)
      let c: [Double] = r.array(mode & 2 != 0 ? 1 : n)
      let a = mode & 4 != 0 ? [condition[0]] : condition
      let want = (0..<n).map {
        (mode & 4 != 0 ? a[0] : a[$0]) != 0 ? b[$0 % b.count] : c[$0 % c.count]
      }
      var got = [Double](repeating: 0, count: n)
      let fn = try #require(kernel(isa: isa) { ctk_where(Double.dtype, mode) })
      got.withUnsafeMutableBytes { d in
        a.withUnsafeBytes { a in
          b.withUnsafeBytes { b in
            c.withUnsafeBytes { c in
              let operands = [a.baseAddress!, b.baseAddress!, c.baseAddress!]
              call(fn, n: n, d: d.baseAddress!, operands)
            }
          }
        }
      }
      #expect(got == want)
    }
  }

  @Test(arguments: isas) func conversions(isa: Int32) throws {
    func cast<T: KernelElement, R: KernelElement>(_ x: [T], _ zero: R) throws -> [R] {
      try apply(kernel(isa: isa) { ctk_cast(T.dtype, R.dtype) }, to: x, zero: zero)
    }
    let x = Double.sweep(6, random: 100)
    // Truncation; NaN is 0; the nearest integer there is when out of range.
    func integer(_ x: Double) -> Int64 {
      x.isNaN ? 0 : Int64(exactly: x.rounded(.towardZero)) ?? (x < 0 ? .min : .max)
    }
    #expect(try cast(x, Int64(9)) == x.map(integer))
    #expect(try cast(x, UInt8(9)) == x.map { $0 != 0 ? 1 : 0 })
    let numbers = x.filter { !$0.isNaN }
    #expect(sameBits(try cast(numbers, Float(9)), numbers.map { Float($0) }))
    let y = Float.sweep(7, random: 100)
    #expect(try cast(y, Int64(9)) == y.map { integer(Double($0)) })
    #expect(try cast(y, UInt8(9)) == y.map { $0 != 0 ? 1 : 0 })
    let finite = y.filter { !$0.isNaN }
    #expect(sameBits(try cast(finite, 9.0), finite.map { Double($0) }))
    let i: [Int64] = [0, 1, -1, 2, .max, .min, 1 << 53 + 1, -(1 << 60) + 1, 16_777_217]
    #expect(try cast(i, 9.0) == i.map { Double($0) })
    #expect(try cast(i, Float(9)) == i.map { Float($0) })
    #expect(try cast(i, UInt8(9)) == i.map { $0 != 0 ? 1 : 0 })
    let b: [UInt8] = [0, 1, 1, 0, 1]
    #expect(try cast(b, 9.0) == [0, 1, 1, 0, 1])
    #expect(try cast(b, Float(9)) == [0, 1, 1, 0, 1])
    #expect(try cast(b, Int64(9)) == [0, 1, 1, 0, 1])
  }

  // MARK: - Scalar functions

  @Test func mappedFunctions() throws {
    let f1: @convention(c) (Double) -> Double = { $0 + 0.1 }
    let f2: @convention(c) (Double, Double) -> Double = { $0 - $1 }
    let f3: @convention(c) (Double, Double, Double) -> Double = { $0 * 100 + $1 * 10 + $2 }
    func map<T: TestedFloat>(_ arity: Int32, _ f: UnsafeRawPointer, _ x: [T]) throws -> [T] {
      let fn = try #require(ctk_map(arity, T.dtype))
      var d = x
      d.withUnsafeMutableBytes { d in
        x.withUnsafeBytes { x in
          let operands = Array(repeating: x.baseAddress!, count: Int(arity))
          call(fn, n: x.count / T.size, d: d.baseAddress!, operands, x: f)
        }
      }
      return d
    }
    let x = [1.0, 2, 3.5]
    let y: [Float] = [1, 2, 3.5]
    #expect(try map(1, unsafeBitCast(f1, to: UnsafeRawPointer.self), x) == x.map { $0 + 0.1 })
    let rounded = y.map { Float(Double($0) + 0.1) }
    #expect(try map(1, unsafeBitCast(f1, to: UnsafeRawPointer.self), y) == rounded)
    #expect(try map(2, unsafeBitCast(f2, to: UnsafeRawPointer.self), y) == [0, 0, 0])
    let third = x.map { $0 * 100 + $0 * 10 + $0 }
    #expect(try map(3, unsafeBitCast(f3, to: UnsafeRawPointer.self), x) == third)
    #expect(ctk_map(0, 0) == nil && ctk_map(4, 0) == nil && ctk_map(1, Int64.dtype) == nil)
  }
}

extension TestedFloat {
  fileprivate static var size: Int { MemoryLayout<Self>.size }
}
