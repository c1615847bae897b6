import CTensorKernels
import Testing

extension RuntimeTests {
  @Suite struct ReductionTests {
    static let sum = Int32(CTK_SUM), prod = Int32(CTK_PROD)
    static let max = Int32(CTK_RMAX), min = Int32(CTK_RMIN)

    /// The operation on two elements, in the wide type the expectations are computed in.
    static func combine<T: KernelElement>(_ op: Int32, _ a: T, _ b: T) -> T {
      switch (a, b) {
      case (let a as Double, let b as Double): return floating(op, a, b) as! T
      case (let a as Float, let b as Float): return floating(op, a, b) as! T
      case (let a as Int64, let b as Int64): return integer(op, a, b) as! T
      case (let a as UInt8, let b as UInt8): return (op == max ? a | b : a & b) as! T
      default: fatalError()
      }
    }

    static func floating<F: BinaryFloatingPoint>(_ op: Int32, _ a: F, _ b: F) -> F {
      switch op {
      case sum: return a + b
      case prod: return a * b
      case max: return a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
      default: return a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
      }
    }

    static func integer(_ op: Int32, _ a: Int64, _ b: Int64) -> Int64 {
      switch op {
      case sum: return a &+ b
      case prod: return a &* b
      case max: return Swift.max(a, b)
      default: return Swift.min(a, b)
      }
    }

    static func identity<T: KernelElement>(_ op: Int32, _: T.Type) -> T {
      if T.self == Double.self {
        return ([0, 1, -.infinity, .infinity] as [Double])[Int(op)] as! T
      }
      if T.self == Float.self { return ([0, 1, -.infinity, .infinity] as [Float])[Int(op)] as! T }
      if T.self == Int64.self { return ([0, 1, .min, .max] as [Int64])[Int(op)] as! T }
      return ([0, 0, 0, 1] as [UInt8])[Int(op)] as! T
    }

    static func close<T: KernelElement>(_ a: [T], _ b: [T], _ op: Int32, count: Int) -> Bool {
      guard a.count == b.count else { return false }
      return zip(a, b).allSatisfy { x, y in
        if let x = x as? Double, let y = y as? Double {
          return near(x, y, op, count, Double.epsilon)
        }
        if let x = x as? Float, let y = y as? Float {
          return near(Double(x), Double(y), op, count, Float.epsilon)
        }
        return x == y
      }
    }

    static func near(_ x: Double, _ y: Double, _ op: Int32, _ n: Int, _ eps: Double) -> Bool {
      if x == y || (x.isNaN && y.isNaN) { return true }
      let slack = 4 * Double(n + 1) * eps
      return op == sum
        ? abs(x - y) <= slack * 2 : op == prod && abs(x - y) <= slack * Swift.max(abs(x), abs(y))
    }

    /// Elements, now and then one that is not a number; products of them stay in range.
    static func data<T: KernelElement>(
      _ r: inout SplitMix, _ n: Int, _ op: Int32, special: Bool
    ) -> [T] {
      var a: [T] = r.array(n)
      if op == prod {
        a = a.map { x in
          if let x = x as? Double { return (x < 0 ? x / 20 - 1 : x / 20 + 0.9) as! T }
          if let x = x as? Float { return (x < 0 ? x / 20 - 1 : x / 20 + 0.9) as! T }
          return x
        }
      }
      guard special, n > 0 else { return a }
      let doubles: [Double] = [.nan, .infinity, -0.0]
      let floats: [Float] = [.nan, -.infinity, -0.0]
      for k in 0...(n / 50) {
        let i = r.int(0...n - 1)
        if T.self == Double.self { a[i] = doubles[k % 3] as! T }
        if T.self == Float.self { a[i] = floats[k % 3] as! T }
        if T.self == Int64.self { a[i] = (k % 2 == 0 ? Int64.min : .max) as! T }
      }
      return a
    }

    static func operations<T>(_: T.Type) -> [Int32] {
      T.self == UInt8.self ? [max, min] : [sum, prod, max, min]
    }

    static func checkAll<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(3)
      for op in operations(T.self) {
        for n in Array(0...70) + [127, 128, 129, 511, 512, 513, 2000] {
          let a: [T] = data(&r, n, op, special: n % 3 == 0 && op >= max)
          var d: [T] = [a.first ?? identity(op, T.self)]
          let fn = ctk_reduce_all(op, T.dtype)
          var expected = a.reduce(identity(op, T.self)) { combine(op, $0, $1) }
          try runKernel(fn, &d, a, x: 0, n: n, first: true)
          #expect(close(d, [expected], op, count: n), "\(T.self) \(op) \(n): \(d) \(expected)")
          // A second block is added to the first.
          let more: [T] = data(&r, n, op, special: false)
          expected = more.reduce(d[0]) { combine(op, $0, $1) }
          try runKernel(fn, &d, more, x: 0, n: n, first: false)
          #expect(close(d, [expected], op, count: 2 * n), "\(T.self) \(op) \(n)")
        }
      }
    }

    @Test func everything() throws {
      try Self.checkAll(Double.self)
      try Self.checkAll(Float.self)
      try Self.checkAll(Int64.self)
      try Self.checkAll(UInt8.self)
    }

    /// Feeds the iteration space in blocks, as a loop does, chunk after chunk.
    static func reduce<T: KernelElement>(
      _ fn: ctk_fn?, _ a: [T], _ shape: ctk_reduce_desc, into d: [T], block: Int
    ) throws -> [T] {
      var d = d
      var start = 0
      while start < a.count {
        let n = Swift.min(block, a.count - start)
        try runKernel(
          fn, &d, Array(a[start..<start + n]), x: shape, n: n, start: start, first: start == 0)
        start += n
      }
      return d
    }

    static func checkAxis<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(4)
      for round in 0..<400 {
        let op = operations(T.self).randomElement(using: &r)!
        let inner = r.int(0...2) == 0 ? 1 : r.int(1...(r.int(0...1) == 0 ? 12 : 150))
        let outer = r.int(1...5)
        let reduced = r.int(1...(r.int(0...1) == 0 ? 9 : 300))
        let shape = ctk_reduce_desc(
          outer: Int64(outer), reduced: Int64(reduced), inner: Int64(inner))
        let a: [T] = data(&r, outer * reduced * inner, op, special: op >= max && round % 2 == 0)
        var expected = [T](repeating: identity(op, T.self), count: outer * inner)
        for (e, x) in a.enumerated() {
          let at = e / (reduced * inner) * inner + e % inner
          expected[at] = combine(op, expected[at], x)
        }
        let garbage: [T] = r.array(outer * inner)
        for block in [512, r.int(1...600), a.count] {
          let columns = try reduce(
            ctk_reduce_columns(op, T.dtype), a, shape, into: garbage, block: block)
          #expect(close(columns, expected, op, count: reduced), "\(op) \(shape) \(block)")
          guard inner == 1 else { continue }
          let rows = try reduce(
            ctk_reduce_rows(op, T.dtype), a, shape, into: garbage, block: block)
          #expect(close(rows, expected, op, count: reduced), "\(op) \(shape) \(block)")
        }
      }
    }

    @Test func rowsAndColumns() throws {
      try Self.checkAxis(Double.self)
      try Self.checkAxis(Float.self)
      try Self.checkAxis(Int64.self)
      try Self.checkAxis(UInt8.self)
    }

    @Test func emptyChunkResetsColumns() throws {
      var d = [5.0, 6.0]
      try runKernel(
        ctk_reduce_columns(Self.prod, Double.dtype), &d, [Double](),
        x: ctk_reduce_desc(outer: 1, reduced: 0, inner: 2), first: true)
      #expect(d == [1, 1])
    }

    static func checkJoin<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(5)
      for op in operations(T.self) {
        for (n, parts) in [(1, 1), (1, 9), (50, 3), (67, 5), (300, 1), (0, 3), (4, 0)] {
          let a: [T] = data(&r, n * parts, op, special: op >= max)
          var d: [T] = r.array(n)
          try runKernel(ctk_join(op, T.dtype), &d, a, x: Int64(parts), n: n)
          let expected = (0..<n).map { i in
            (0..<parts).reduce(identity(op, T.self)) { combine(op, $0, a[$1 * n + i]) }
          }
          #expect(close(d, expected, op, count: parts), "\(op) \(n) \(parts)")
        }
      }
    }

    @Test func joinsParts() throws {
      try Self.checkJoin(Double.self)
      try Self.checkJoin(Float.self)
      try Self.checkJoin(Int64.self)
      try Self.checkJoin(UInt8.self)
    }

    @Test func lookup() {
      #expect(ctk_reduce_all(Self.sum, UInt8.dtype) == nil)
      #expect(ctk_reduce_rows(4, Double.dtype) == nil)
      #expect(ctk_join(Self.sum, 4) == nil)
    }
  }
}
