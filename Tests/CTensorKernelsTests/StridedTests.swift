import CTensorKernels
import Testing

extension RuntimeTests {
  @Suite struct StridedTests {
    struct Layout {
      var dims: [Int]
      var strides: [Int]
      var count: Int { dims.reduce(1, *) }

      var desc: ctk_strides {
        var s = ctk_strides()
        s.rank = Int32(dims.count)
        withUnsafeMutableBytes(of: &s.dims) { p in
          let p = p.bindMemory(to: Int64.self)
          for (i, d) in dims.enumerated() { p[i] = Int64(d) }
        }
        withUnsafeMutableBytes(of: &s.strides) { p in
          let p = p.bindMemory(to: Int64.self)
          for (i, d) in strides.enumerated() { p[i] = Int64(d) }
        }
        return s
      }

      /// Offset of a flat index from the base.
      func offset(_ flat: Int) -> Int {
        var rest = flat
        var offset = 0
        for i in dims.indices.reversed() {
          offset += rest % dims[i] * strides[i]
          rest /= dims[i]
        }
        return offset
      }

      /// Lowest and highest offset.
      var extent: (Int, Int) {
        var low = 0
        var high = 0
        for (d, s) in zip(dims, strides) {
          if s < 0 { low += (d - 1) * s } else { high += (d - 1) * s }
        }
        return (low, high)
      }

      /// A permutation of axes, some flipped, some broadcast, some with gaps.
      static func random(_ r: inout SplitMix, broadcast: Bool) -> Layout {
        let rank = r.int(0...5)
        let dims = (0..<rank).map { _ in r.int(0...9) < 2 ? 1 : r.int(1...(rank > 3 ? 4 : 23)) }
        var strides = [Int](repeating: 0, count: rank)
        var next = 1
        for axis in (0..<rank).shuffled(using: &r) {
          if broadcast && r.int(0...4) == 0 { continue }
          strides[axis] = r.int(0...4) == 0 ? -next : next
          next *= dims[axis] + (r.int(0...4) == 0 ? 1 : 0)
        }
        return Layout(dims: dims, strides: strides)
      }
    }

    static func check<T: KernelElement>(
      _ layout: Layout, _ start: Int, _ n: Int, _ r: inout SplitMix, store: Bool, of: T.Type
    ) throws {
      let (low, high) = layout.extent
      var strided: [T] = r.array(high - low + 1)
      var flat: [T] = r.array(n)
      var expected = store ? strided : flat
      for i in 0..<n {
        let at = layout.offset(start + i) - low
        if store { expected[at] = flat[i] } else { expected[i] = strided[at] }
      }
      let fn = try #require(store ? ctk_store(T.dtype) : ctk_load(T.dtype))
      strided.withUnsafeMutableBytes { strided in
        flat.withUnsafeMutableBytes { flat in
          let base = strided.baseAddress! - low * MemoryLayout<T>.stride
          var i = ctk_instr()
          i.n = Int64(n)
          i.start = Int64(start)
          let s = base.assumingMemoryBound(to: CChar.self)
          let f = flat.baseAddress?.assumingMemoryBound(to: CChar.self)
          i.d = store ? s : f
          i.a = UnsafePointer(store ? f : s)
          withUnsafePointer(to: layout.desc) {
            i.x = UnsafeRawPointer($0)
            fn(&i)
          }
        }
      }
      #expect((store ? strided : flat) == expected, "\(layout) \(start) \(n)")
    }

    @Test func randomLayouts() throws {
      var r = SplitMix(1)
      for round in 0..<3000 {
        let store = round % 2 == 0
        let layout = Layout.random(&r, broadcast: !store)
        let start = r.int(0...layout.count - 1)
        let n = r.int(0...3) == 0 ? layout.count - start : r.int(0...layout.count - start)
        try Self.check(layout, start, n, &r, store: store, of: Double.self)
        try Self.check(layout, start, n, &r, store: store, of: Float.self)
        try Self.check(layout, start, n, &r, store: store, of: Int64.self)
        try Self.check(layout, start, n, &r, store: store, of: UInt8.self)
      }
    }

    @Test func transposedMatrix() throws {
      var r = SplitMix(2)
      for (rows, columns) in [(100, 300), (300, 100), (1, 1000), (65, 64), (1000, 3)] {
        let layout = Layout(dims: [rows, columns], strides: [1, rows])
        for store in [false, true] {
          try Self.check(layout, 0, rows * columns, &r, store: store, of: Float.self)
          try Self.check(layout, 0, rows * columns, &r, store: store, of: Double.self)
          try Self.check(
            layout, columns / 2, rows * columns - columns, &r, store: store,
            of: Double.self)
        }
      }
    }
  }
}
