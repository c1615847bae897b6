import CTensorKernels
import Testing

extension RuntimeTests {
  @Suite struct IndexTests {
    struct Shape {
      var outer: Int, reduced: Int, inner: Int, n: Int
      var desc: ctk_gather_desc {
        ctk_gather_desc(
          outer: Int64(outer), reduced: Int64(reduced), inner: Int64(inner), n: Int64(n))
      }
      var whole: Int { outer * reduced * inner }
      var picked: Int { outer * n * inner }

      /// (o, j, i) of an element of outer × n × inner.
      func place(_ e: Int) -> (Int, Int, Int) { (e / inner / n, e / inner % n, e % inner) }
    }

    static let shapes = [
      Shape(outer: 1, reduced: 1, inner: 1, n: 1), Shape(outer: 0, reduced: 3, inner: 2, n: 4),
      Shape(outer: 2, reduced: 3, inner: 0, n: 4), Shape(outer: 2, reduced: 3, inner: 2, n: 0),
      Shape(outer: 2, reduced: 0, inner: 3, n: 4), Shape(outer: 3, reduced: 10, inner: 1, n: 7),
      Shape(outer: 1, reduced: 50, inner: 1, n: 40_000),
      Shape(outer: 3, reduced: 20, inner: 33, n: 500),
      Shape(outer: 400, reduced: 9, inner: 5, n: 11),
      Shape(outer: 1, reduced: 12, inner: 1500, n: 30),
    ]

    /// Valid, negative and some far out of range.
    static func indices(_ r: inout SplitMix, _ count: Int, _ size: Int) -> [Int64] {
      (0..<count).map { _ in
        switch r.int(0...30) {
        case 0: return [Int64.min, .max, Int64(size), Int64(-size - 1)].randomElement(using: &r)!
        default: return Int64(r.int(-size...Swift.max(size - 1, -size)))
        }
      }
    }

    static func resolve(_ index: Int64, _ size: Int) -> Int? {
      let k = index < 0 ? index &+ Int64(size) : index
      return k >= 0 && k < size ? Int(k) : nil
    }

    static func checkReading<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(13)
      for s in shapes {
        let a: [T] = r.array(s.whole)
        for along in [false, true] {
          let index = indices(&r, along ? s.picked : s.n, s.reduced)
          let d = try onAnyThreads {
            var d: [T] = Array(repeating: T.missing, count: s.picked)
            let fn = along ? ctk_take_along(T.dtype) : ctk_gather(T.dtype)
            try runKernel(fn, &d, a, index, x: s.desc)
            return d
          }
          let expected = (0..<s.picked).map { e -> T in
            let (o, j, i) = s.place(e)
            guard let k = resolve(index[along ? e : j], s.reduced) else { return T.missing }
            return a[(o * s.reduced + k) * s.inner + i]
          }
          #expect(sameElements(d, expected), "\(T.self) \(s) \(along)")
        }
      }
    }

    @Test func reading() throws {
      try Self.checkReading(Double.self)
      try Self.checkReading(Float.self)
      try Self.checkReading(Int64.self)
      try Self.checkReading(UInt8.self)
    }

    static func checkAdding<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(14)
      for s in shapes {
        let a: [T] = r.array(s.picked)
        for along in [false, true] {
          let index = indices(&r, along ? s.picked : s.n, s.reduced)
          let before: [T] = r.array(s.whole)
          let d = try onAnyThreads {
            var d = before
            let fn = along ? ctk_put_along(T.dtype) : ctk_scatter_add(T.dtype)
            try runKernel(fn, &d, a, index, x: s.desc)
            return d
          }
          let zero = try #require(T.identity(.sum))
          var expected = [T](repeating: zero, count: s.whole)
          for e in 0..<s.picked {
            let (o, j, i) = s.place(e)
            guard let k = resolve(index[along ? e : j], s.reduced) else { continue }
            let at = (o * s.reduced + k) * s.inner + i
            expected[at] = expected[at].reduced(.sum, with: a[e])
          }
          #expect(d == expected, "\(T.self) \(s) \(along)")
        }
      }
    }

    @Test func adding() throws {
      try Self.checkAdding(Double.self)
      try Self.checkAdding(Float.self)
      try Self.checkAdding(Int64.self)
      #expect(ctk_scatter_add(UInt8.dtype) == nil)
    }
  }
}
