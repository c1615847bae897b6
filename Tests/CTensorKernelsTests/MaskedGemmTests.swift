import CTensorKernels
import Testing

extension RuntimeTests {
  /// Products whose zeros win over infinite and undefined factors.
  @Suite struct MaskedGemmTests {
    /// Σ a b, without the terms that a zero of the chosen operands makes zero.
    static func sum<T: BinaryFloatingPoint>(_ pairs: [(T, T)], _ zeros: Int) -> T {
      var sum = 0.0
      for (a, b) in pairs {
        if zeros & Int(CTK_LEFT_ZEROS) != 0 && a == 0 { continue }
        if zeros & Int(CTK_RIGHT_ZEROS) != 0 && b == 0 { continue }
        sum += Double(a) * Double(b)
      }
      return T(sum)
    }

    /// Ordinary numbers, many zeros, now and then something that is no number.
    static func elements<T: KernelElement & BinaryFloatingPoint>(
      _ r: inout SplitMix, _ count: Int, hostile: Int
    ) -> [T] {
      var x: [T] = r.array(count)
      for i in x.indices {
        if r.int(0...2) == 0 { x[i] = 0 }
        if r.int(0...hostile) == 0 { x[i] = [T.nan, .infinity, -.infinity][r.int(0...2)] }
      }
      return x
    }

    static func agree<T: BinaryFloatingPoint>(_ x: T, _ y: T, _ bound: Double) -> Bool {
      x.isNaN ? y.isNaN : x == y || abs(Double(x) - Double(y)) <= bound
    }

    static func checkMatrices<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(31)
      for round in 0..<300 {
        let c = GemmTests.Case(
          batch: r.int(1...3), m: r.int(1...(round % 9 == 0 ? 90 : 8)), n: r.int(1...9),
          k: r.int(0...(round % 7 == 0 ? 200 : 12)), ta: r.int(0...1) == 1, tb: r.int(0...1) == 1,
          gap: r.int(0...2), sharedA: r.int(0...4) == 0, sharedB: r.int(0...4) == 0)
        let hostile = c.k * 2 + 3
        let a: [T] = elements(&r, (c.sharedA ? 1 : c.batch) * c.sizeA, hostile: hostile)
        let b: [T] = elements(&r, (c.sharedB ? 1 : c.batch) * c.sizeB, hostile: hostile)
        for zeros in 1...3 {
          let desc = ctk_masked_gemm_desc(product: c.desc, zeros: Int32(zeros))
          var d = [T](repeating: 7, count: c.batch * c.sizeC)
          try runKernel(ctk_gemm_masked(T.dtype), &d, a, b, x: desc)
          for s in 0..<c.batch {
            for i in 0..<c.m {
              for j in 0..<c.rowC {
                let value = d[s * c.sizeC + i * c.rowC + j]
                let pairs = (0..<c.k).map { k -> (T, T) in
                  let (p, q) = (c.sharedA ? 0 : s * c.sizeA, c.sharedB ? 0 : s * c.sizeB)
                  return (
                    a[p + (c.ta ? k * c.rowA + i : i * c.rowA + k)],
                    j < c.n ? b[q + (c.tb ? j * c.rowB + k : k * c.rowB + j)] : 0
                  )
                }
                let expected = j < c.n ? sum(pairs, zeros) : 7
                let bound = 4 * Double(c.k + 4) * T.epsilon
                #expect(agree(expected, value, bound), "\(T.self) \(c) \(zeros) \(s) \(i) \(j)")
              }
            }
          }
        }
      }
    }

    @Test func matrices() throws {
      try Self.checkMatrices(Double.self)
      try Self.checkMatrices(Float.self)
      #expect(ctk_gemm_masked(Int64.dtype) == nil)
    }

    static func checkRows<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(32)
      for _ in 0..<200 {
        let (rows, columns) = (r.int(1...40), r.int(1...20))
        let ld = columns + r.int(0...2)
        let a: [T] = elements(&r, rows * ld, hostile: 60)
        let narrow: [T] = elements(&r, columns, hostile: 60)
        let long: [T] = elements(&r, rows, hostile: 60)
        let bound = 4 * Double(rows + columns) * T.epsilon
        for zeros in 1...3 {
          let desc = ctk_masked_rows_desc(
            rows: ctk_rows_desc(columns: Int64(columns), ld: Int64(ld)), zeros: Int32(zeros))
          var dots = [T](repeating: 7, count: rows)
          try runKernel(ctk_row_dots_masked(T.dtype), &dots, a, narrow, x: desc, n: rows)
          for i in 0..<rows {
            let expected = sum((0..<columns).map { (a[i * ld + $0], narrow[$0]) }, zeros)
            #expect(agree(expected, dots[i], bound), "\(T.self) \(rows) \(columns) \(zeros)")
          }
          for first in [true, false] {
            var sums = [T](repeating: 2, count: columns)
            try runKernel(
              ctk_row_combine_masked(T.dtype), &sums, a, long, x: desc, n: rows, first: first)
            for j in 0..<columns {
              let expected = sum((0..<rows).map { (a[$0 * ld + j], long[$0]) }, zeros)
              #expect(agree((first ? 0 : 2) + expected, sums[j], bound), "\(T.self) \(zeros)")
            }
          }
        }
      }
    }

    @Test func rows() throws {
      try Self.checkRows(Double.self)
      try Self.checkRows(Float.self)
    }

    /// Finite products are those of the plain kernel, bit for bit.
    @Test func finiteOnes() throws {
      var r = SplitMix(33)
      let c = GemmTests.Case(m: 40, n: 30, k: 50)
      let a: [Double] = r.array(c.sizeA)
      let b: [Double] = r.array(c.sizeB)
      var (plain, masked) = (
        [Double](repeating: 0, count: 1200), [Double](repeating: 1, count: 1200)
      )
      try runKernel(ctk_gemm(Double.dtype), &plain, a, b, x: c.desc)
      let desc = ctk_masked_gemm_desc(product: c.desc, zeros: 3)
      try runKernel(ctk_gemm_masked(Double.dtype), &masked, a, b, x: desc)
      #expect(sameBits(plain, masked))
    }
  }
}
