import CTensorKernels
import Foundation
import Testing

extension RuntimeTests {
  @Suite struct GemmTests {
    struct Case {
      var batch = 1, m = 1, n = 1, k = 1
      var ta = false, tb = false
      var gap = 0  // extra elements per stored row
      var sharedA = false, sharedB = false

      var rowA: Int { (ta ? m : k) + gap }
      var rowB: Int { (tb ? k : n) + gap }
      var rowC: Int { n + gap }
      var sizeA: Int { (ta ? k : m) * rowA }
      var sizeB: Int { (tb ? n : k) * rowB }
      var sizeC: Int { m * rowC }

      var desc: ctk_gemm_desc {
        ctk_gemm_desc(
          batch: Int64(batch), m: Int64(m), n: Int64(n), k: Int64(k), lda: Int64(rowA),
          ldb: Int64(rowB), ldc: Int64(rowC), sa: Int64(sharedA ? 0 : sizeA),
          sb: Int64(sharedB ? 0 : sizeB), sc: Int64(sizeC), ta: ta ? 1 : 0, tb: tb ? 1 : 0)
      }

      func naive<T: BinaryFloatingPoint>(_ a: [T], _ b: [T], onto c: [T]) -> [T] {
        guard k > 0 else { return c.indices.map { $0 % rowC < n ? 0 : c[$0] } }
        var c = c
        let a = a.map { Double($0) }
        let b = b.map { Double($0) }
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            for at in 0..<batch * m * n {
              let (s, i, j) = (at / n / m, at / n % m, at % n)
              let a = a.baseAddress! + (sharedA ? 0 : s * sizeA) + i * (ta ? 1 : rowA)
              let b = b.baseAddress! + (sharedB ? 0 : s * sizeB) + j * (tb ? rowB : 1)
              let sum = dot(a, ta ? rowA : 1, b, tb ? 1 : rowB, count: k)
              c[s * sizeC + i * rowC + j] = T(sum)
            }
          }
        }
        return c
      }
    }

    static func check<T: KernelElement & BinaryFloatingPoint>(
      _ c: Case, _ r: inout SplitMix, of: T.Type
    ) throws {
      let a: [T] = r.array((c.sharedA ? 1 : c.batch) * c.sizeA)
      let b: [T] = r.array((c.sharedB ? 1 : c.batch) * c.sizeB)
      let before: [T] = r.array(c.batch * c.sizeC)
      let d = try onAnyThreads {
        var d = before
        try runKernel(ctk_gemm(T.dtype), &d, a, b, x: c.desc)
        return d
      }
      let expected = c.naive(a, b, onto: before)
      #expect(distance(d, expected) <= 4 * Double(c.k + 4) * T.epsilon, "\(T.self) \(c)")
    }

    static func check(_ c: Case, _ r: inout SplitMix) throws {
      try check(c, &r, of: Double.self)
      try check(c, &r, of: Float.self)
    }

    @Test func smallShapes() throws {
      var r = SplitMix(6)
      for _ in 0..<1000 {
        let sizes = (0..<3).map { _ in r.int(0...3) == 0 ? r.int(0...2) : r.int(0...40) }
        try Self.check(
          Case(
            batch: r.int(0...2) == 0 ? r.int(0...20) : 1, m: sizes[0], n: sizes[1], k: sizes[2],
            ta: r.int(0...1) == 1, tb: r.int(0...1) == 1, gap: r.int(0...2) == 0 ? 3 : 0,
            sharedA: r.int(0...3) == 0, sharedB: r.int(0...2) == 0), &r)
      }
    }

    /// Products that are cut: into tiles, slices of k, and groups of matrices.
    @Test(arguments: [
      (1, 130, 90, 70), (1, 33, 300, 40), (1, 500, 7, 60), (1, 1, 700, 300), (1, 1, 50, 5000),
      (1, 700, 1, 300), (1, 50, 1, 5000), (1, 5000, 1, 50), (1, 1, 5000, 20), (1, 30, 20, 3000),
      (1, 64, 64, 1000), (1, 1, 1, 100_000), (1, 400, 300, 1), (3, 70, 60, 50), (3, 20, 20, 900),
      (40, 20, 30, 25), (200, 8, 8, 8), (300, 1, 30, 30), (300, 20, 1, 30), (2, 3, 1, 9000),
      // Low and wide: cut by columns; B turned around in several strips; tiles made smaller again.
      (1, 8, 1000, 100), (1, 32, 3100, 40), (1, 3100, 32, 40),
      // Large in all directions: rows and columns that fill no tile, several blocks of k.
      (1, 131, 117, 290), (1, 70, 96, 601), (2, 270, 80, 100), (17, 66, 65, 64),
    ])
    func cutShapes(batch: Int, m: Int, n: Int, k: Int) throws {
      var r = SplitMix(7)
      for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
        try Self.check(Case(batch: batch, m: m, n: n, k: k, ta: ta, tb: tb), &r)
      }
      try Self.check(Case(batch: batch, m: m, n: n, k: k, gap: 5), &r)
      try Self.check(Case(batch: batch, m: m, n: n, k: k, ta: true, tb: true, gap: 3), &r)
      guard batch > 1 else { return }
      try Self.check(Case(batch: batch, m: m, n: n, k: k, sharedB: true), &r)
      try Self.check(Case(batch: batch, m: m, n: n, k: k, sharedA: true), &r)
    }

    /// Products with a vector in blocks of rows, as loops call them.
    static func checkRows<T: KernelElement & BinaryFloatingPoint>(of: T.Type) throws {
      var r = SplitMix(21)
      for (rows, columns) in [(1, 1), (5, 3), (64, 50), (131, 67), (300, 10)] {
        let ld = columns + r.int(0...3)
        let desc = ctk_rows_desc(columns: Int64(columns), ld: Int64(ld))
        let a: [T] = r.array(rows * ld)
        let v: [T] = r.array(columns)
        let w: [T] = r.array(rows)
        var dots: [T] = []
        var combined: [T] = r.array(columns)
        for start in stride(from: 0, to: rows, by: 40) {
          let end = min(start + 40, rows)
          let block = Array(a[start * ld..<end * ld])
          var d = [T](repeating: 0, count: end - start)
          try runKernel(ctk_row_dots(T.dtype), &d, block, v, x: desc, n: d.count)
          dots += d
          try runKernel(
            ctk_row_combine(T.dtype), &combined, block, Array(w[start..<end]), x: desc,
            n: d.count, first: start == 0)
        }
        var c = Case(m: rows, k: columns, gap: ld - columns)
        let x: [T] = v.flatMap { [$0] + [T](repeating: 0, count: c.gap) }
        let out = c.naive(a, x, onto: Array(repeating: T(0), count: c.sizeC))
        let expected = (0..<rows).map { out[$0 * c.rowC] }
        #expect(distance(dots, expected) <= 4 * Double(columns + 4) * T.epsilon)
        c = Case(m: 1, n: columns, k: rows)
        let dense: [T] = (0..<rows).flatMap { a[$0 * ld..<$0 * ld + columns] }
        let sums = c.naive(w, dense, onto: combined)
        #expect(distance(combined, sums) <= 4 * Double(rows + 4) * T.epsilon)
      }
    }

    @Test func blocksOfRows() throws {
      try Self.checkRows(of: Double.self)
      try Self.checkRows(of: Float.self)
    }

    /// Several threads multiply at once, some through the pool, the others on their own.
    @Test func concurrentCallers() throws {
      let c = Case(m: 150, n: 120, k: 80)
      var r = SplitMix(8)
      let a: [Double] = r.array(c.sizeA)
      let b: [Double] = r.array(c.sizeB)
      var expected = [Double](repeating: 0, count: c.sizeC)
      try runKernel(ctk_gemm(Double.dtype), &expected, a, b, x: c.desc)
      let same = expected
      DispatchQueue.concurrentPerform(iterations: 6) { _ in
        for _ in 0..<20 {
          var d = [Double](repeating: 0, count: c.sizeC)
          try? runKernel(ctk_gemm(Double.dtype), &d, a, b, x: c.desc)
          #expect(sameBits(d, same))
        }
      }
    }

    @Test func lookup() {
      #expect(ctk_gemm(Int64.dtype) == nil)
    }

    /// Another library may define the same names, slower by far.
    @Test func openblasServes() throws {
      #if canImport(Darwin)
        let scope = UnsafeMutableRawPointer(bitPattern: -2)
      #else
        let scope = UnsafeMutableRawPointer(bitPattern: 0)
      #endif
      // Glibc declares dladdr and its record for GNU sources only.
      typealias Locate = @convention(c) (UnsafeRawPointer, UnsafeMutableRawPointer) -> Int32
      let locate = unsafeBitCast(try #require(dlsym(scope, "dladdr")), to: Locate.self)
      for name in ["cblas_dgemm", "cblas_sgemm", "cblas_dtrsm", "dpotrf_", "dgetrf_", "dsyevd_"] {
        let address = try #require(dlsym(scope, name))
        var record = [UnsafePointer<CChar>?](repeating: nil, count: 4)  // the path comes first
        #expect(locate(address, &record) != 0)
        let path = String(cString: try #require(record[0]))
        #expect(path.contains("openblas"), "\(name) comes from \(path)")
      }
    }
  }
}
