import CTensorKernels
import Testing

extension RuntimeTests {
  @Suite struct OrderTests {
    /// Shapes with one long lane, many short ones, columns, and nothing.
    static let shapes: [(Int, Int, Int)] = [
      (1, 1, 1), (1, 2, 1), (3, 0, 2), (0, 4, 2), (1, 5000, 1), (700, 17, 1), (3, 16, 5),
      (1, 33, 600), (40, 50, 30), (2, 100, 257), (5, 1, 7),
    ]

    static func desc(_ s: (Int, Int, Int)) -> ctk_reduce_desc {
      ctk_reduce_desc(outer: Int64(s.0), reduced: Int64(s.1), inner: Int64(s.2))
    }

    /// Calls `body` with the positions of each lane.
    static func forEachLane(_ s: (Int, Int, Int), _ body: (_ lane: Int, _ at: [Int]) -> Void) {
      for o in 0..<s.0 {
        for i in 0..<s.2 {
          body(o * s.2 + i, (0..<s.1).map { (o * s.1 + $0) * s.2 + i })
        }
      }
    }

    static func data<T: KernelElement>(_ r: inout SplitMix, _ n: Int) -> [T] {
      (0..<n).map { _ in T.tied(r.int(-20...20)) }
    }

    static func stableOrder<T: KernelElement>(_ x: [T]) -> [Int] {
      x.indices.sorted { x[$0].isBefore(x[$1]) || (!x[$1].isBefore(x[$0]) && $0 < $1) }
    }

    static func checkSorting<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(9)
      for s in shapes {
        let a: [T] = data(&r, s.0 * s.1 * s.2)
        let sorted = try onAnyThreads {
          var d = a
          try runKernel(ctk_sort(T.dtype), &d, a, x: desc(s))
          return d
        }
        let order = try onAnyThreads {
          var d = [Int64](repeating: -1, count: a.count)
          try runKernel(ctk_argsort(T.dtype), &d, a, x: desc(s))
          return d
        }
        forEachLane(s) { _, at in
          let expected = stableOrder(at.map { a[$0] })
          #expect(at.map { Int(order[$0]) } == expected, "\(T.self) \(s)")
          #expect(sameElements(at.map { sorted[$0] }, expected.map { a[at[$0]] }), "\(T.self) \(s)")
        }
      }
    }

    @Test func sorting() throws {
      try Self.checkSorting(Double.self)
      try Self.checkSorting(Float.self)
      try Self.checkSorting(Int64.self)
      try Self.checkSorting(UInt8.self)
    }

    @Test func sortedInputStaysSorted() throws {
      let a = (0..<1000).map { Double($0) }
      for input in [a, a.reversed()] {
        var d = [Double](repeating: 0, count: 1000)
        try runKernel(ctk_sort(Double.dtype), &d, input, x: Self.desc((1, 1000, 1)))
        #expect(d == a)
      }
    }

    static func checkArg<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(10)
      for s in shapes {
        let a: [T] = data(&r, s.0 * s.1 * s.2)
        for reduction in [Reduction.max, .min] {
          let d = try onAnyThreads {
            var d = [Int64](repeating: -1, count: s.0 * s.2)
            try runKernel(ctk_arg(reduction.code, T.dtype), &d, a, x: desc(s))
            return d
          }
          forEachLane(s) { lane, at in
            let x = at.map { a[$0] }
            var best = 0
            for (k, e) in x.enumerated() where !x[best].isNaN {
              let better = reduction == .max ? x[best].isBefore(e) : e.isBefore(x[best])
              if e.isNaN || better { best = k }
            }
            #expect(Int(d[lane]) == best, "\(T.self) \(s) \(reduction)")
          }
        }
      }
    }

    @Test func positionsOfExtremes() throws {
      try Self.checkArg(Double.self)
      try Self.checkArg(Float.self)
      try Self.checkArg(Int64.self)
      try Self.checkArg(UInt8.self)
    }

    static func checkCumulative<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(11)
      for s in shapes {
        for (reduction, _) in ReductionTests.identities(T.self) {
          let count = s.0 * s.1 * s.2
          let a: [T] = reduction.isExtreme ? data(&r, count) : r.array(count)
          let d = try onAnyThreads {
            var d = a
            try runKernel(ctk_cumulative(reduction.code, T.dtype), &d, a, x: desc(s))
            return d
          }
          forEachLane(s) { _, at in
            guard var sum = at.first.map({ a[$0] }) else { return }
            for p in at.dropFirst() {
              sum = sum.reduced(reduction, with: a[p])
              guard sameElements([d[p]], [sum]) else {
                Issue.record("\(T.self) \(s) \(reduction)")
                return
              }
            }
          }
        }
      }
    }

    @Test func runningResults() throws {
      try Self.checkCumulative(Double.self)
      try Self.checkCumulative(Float.self)
      try Self.checkCumulative(Int64.self)
      try Self.checkCumulative(UInt8.self)
      #expect(ctk_cumulative(Reduction.sum.code, UInt8.dtype) == nil)
    }

    static func checkSearch<T: KernelElement>(_: T.Type) throws {
      var r = SplitMix(12)
      for (size, queries) in [(0, 5), (1, 10), (7, 50), (1000, 5000), (64, 0)] {
        let a: [T] = data(&r, size)
        let sorted = stableOrder(a).map { a[$0] }
        let b: [T] = data(&r, queries)
        for right in [false, true] {
          let shape = ctk_reduce_desc(outer: 1, reduced: Int64(size), inner: right ? 1 : 0)
          let d = try onAnyThreads {
            var d = [Int64](repeating: -1, count: queries)
            try runKernel(ctk_search_sorted(T.dtype), &d, sorted, b, x: shape, n: queries)
            return d
          }
          let expected = b.map { q in
            sorted.count { right ? !q.isBefore($0) : $0.isBefore(q) }
          }
          #expect(d.map(Int.init) == expected, "\(T.self) \(size) \(right)")
        }
      }
    }

    @Test func searching() throws {
      try Self.checkSearch(Double.self)
      try Self.checkSearch(Float.self)
      try Self.checkSearch(Int64.self)
      try Self.checkSearch(UInt8.self)
    }
  }
}
