import CTensorKernels
import Testing

extension RuntimeTests {
  @Suite struct ReductionTests {
    /// The reductions of a type, and what they start from.
    static func identities<T: KernelElement>(_: T.Type) -> [(Reduction, T)] {
      Reduction.allCases.compactMap { kind in T.identity(kind).map { (kind, $0) } }
    }

    static func agree<T: KernelElement>(
      _ a: [T], _ b: [T], _ reduction: Reduction, of count: Int
    ) -> Bool {
      a.count == b.count
        && zip(a, b).allSatisfy { $0.agrees(with: $1, after: reduction, of: count) }
    }

    /// Elements, now and then one that is not a number; products of them stay in range.
    static func data<T: KernelElement>(
      _ r: inout SplitMix, _ n: Int, _ reduction: Reduction, special: Bool
    ) -> [T] {
      var a: [T] = r.array(n)
      if reduction == .product { a = a.map(\.factor) }
      guard special, n > 0, !T.special.isEmpty else { return a }
      for k in 0...(n / 50) { a[r.int(0...n - 1)] = T.special[k % T.special.count] }
      return a
    }

    static func checkAll<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(3)
      for (reduction, identity) in identities(T.self) {
        for n in Array(0...70) + [127, 128, 129, 511, 512, 513, 2000] {
          let a: [T] = data(
            &r, n, reduction, special: n % 3 == 0 && reduction.isExtreme)
          var d: [T] = [a.first ?? identity]
          let fn = ctk_reduce_all(reduction.code, T.dtype)
          var expected = a.reduce(identity) { $0.reduced(reduction, with: $1) }
          try runKernel(fn, &d, a, x: 0, n: n, first: true)
          #expect(
            agree(d, [expected], reduction, of: n),
            "\(T.self) \(reduction) \(n): \(d) \(expected)")
          // A second block is added to the first.
          let more: [T] = data(&r, n, reduction, special: false)
          expected = more.reduce(d[0]) { $0.reduced(reduction, with: $1) }
          try runKernel(fn, &d, more, x: 0, n: n, first: false)
          #expect(agree(d, [expected], reduction, of: 2 * n), "\(T.self) \(reduction) \(n)")
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
        let choices = identities(T.self)
        let (reduction, identity) = choices[r.int(0...choices.count - 1)]
        let inner = r.int(0...2) == 0 ? 1 : r.int(1...(r.int(0...1) == 0 ? 12 : 150))
        let outer = r.int(1...5)
        let reduced = r.int(1...(r.int(0...1) == 0 ? 9 : 300))
        let shape = ctk_reduce_desc(
          outer: Int64(outer), reduced: Int64(reduced), inner: Int64(inner))
        let a: [T] = data(
          &r, outer * reduced * inner, reduction,
          special: reduction.isExtreme && round % 2 == 0)
        var expected = [T](repeating: identity, count: outer * inner)
        for (e, x) in a.enumerated() {
          let at = e / (reduced * inner) * inner + e % inner
          expected[at] = expected[at].reduced(reduction, with: x)
        }
        let garbage: [T] = r.array(outer * inner)
        for block in [512, r.int(1...600), a.count] {
          let columns = try reduce(
            ctk_reduce_columns(reduction.code, T.dtype), a, shape, into: garbage, block: block)
          #expect(
            agree(columns, expected, reduction, of: reduced), "\(reduction) \(shape) \(block)")
          guard inner == 1 else { continue }
          let rows = try reduce(
            ctk_reduce_rows(reduction.code, T.dtype), a, shape, into: garbage, block: block)
          #expect(
            agree(rows, expected, reduction, of: reduced), "\(reduction) \(shape) \(block)")
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
        ctk_reduce_columns(Reduction.product.code, Double.dtype), &d, [Double](),
        x: ctk_reduce_desc(outer: 1, reduced: 0, inner: 2), first: true)
      #expect(d == [1, 1])
    }

    static func checkJoin<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(5)
      for (reduction, identity) in identities(T.self) {
        for (n, parts) in [(1, 1), (1, 9), (50, 3), (67, 5), (300, 1), (0, 3), (4, 0)] {
          let a: [T] = data(&r, n * parts, reduction, special: reduction.isExtreme)
          var d: [T] = r.array(n)
          try runKernel(ctk_join(reduction.code, T.dtype), &d, a, x: Int64(parts), n: n)
          let expected = (0..<n).map { i in
            (0..<parts).reduce(identity) { $0.reduced(reduction, with: a[$1 * n + i]) }
          }
          #expect(agree(d, expected, reduction, of: parts), "\(reduction) \(n) \(parts)")
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
      #expect(ctk_reduce_all(Reduction.sum.code, UInt8.dtype) == nil)
      #expect(ctk_reduce_rows(4, Double.dtype) == nil)
      #expect(ctk_join(Reduction.sum.code, 4) == nil)
    }
  }
}
