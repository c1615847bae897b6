import CTensorKernels
import Foundation
import Testing

extension RuntimeTests {
  @Suite struct LinalgTests {
    /// Around the size up to which plain loops are used, and some that LAPACK blocks.
    static let sizes = [1, 2, 3, 5, 8, 11, 12, 13, 20, 33, 70]

    /// A dense row-major matrix.
    struct Matrix<T: KernelElement & BinaryFloatingPoint> {
      var rows: Int, columns: Int, e: [T]

      init(_ rows: Int, _ columns: Int, _ e: some Sequence<T>) {
        (self.rows, self.columns, self.e) = (rows, columns, Array(e))
      }
      subscript(i: Int, j: Int) -> T { e[i * columns + j] }

      var transposed: Matrix {
        Matrix(columns, rows, (0..<e.count).map { self[$0 % rows, $0 / rows] })
      }
      static func * (a: Matrix, b: Matrix) -> Matrix {
        let x = a.e.map { Double($0) }
        let y = b.e.map { Double($0) }
        var product = Matrix(a.rows, b.columns, repeatElement(0, count: a.rows * b.columns))
        for at in product.e.indices {
          let (i, j) = (at / b.columns, at % b.columns)
          product.e[at] = T(
            x.withUnsafeBufferPointer { x in
              y.withUnsafeBufferPointer { y in
                dot(
                  x.baseAddress! + i * a.columns, 1, y.baseAddress! + j, b.columns,
                  count: a.columns)
              }
            })
        }
        return product
      }
      static func identity(_ n: Int) -> Matrix {
        Matrix(n, n, (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 })
      }
      /// Elements for which `keep(i, j)` does not hold are 0.
      func keeping(_ keep: (Int, Int) -> Bool) -> Matrix {
        Matrix(rows, columns, e.indices.map { keep($0 / columns, $0 % columns) ? e[$0] : 0 })
      }
    }

    static func desc(
      _ batch: Int, _ n: Int, _ m: Int = 0, sa: Int? = nil, sb: Int? = nil
    ) -> ctk_linalg_desc {
      var s = ctk_linalg_desc()
      s.batch = Int64(batch)
      s.n = Int64(n)
      s.m = Int64(m)
      s.leftSide = 1
      s.sa = Int64(sa ?? n * n)
      s.sb = Int64(sb ?? n * m)
      return s
    }

    /// Well-conditioned, with dominant diagonal of either sign.
    static func regular<T: KernelElement & BinaryFloatingPoint>(
      _ r: inout SplitMix, _ n: Int, of: T.Type
    ) -> [T] {
      var a: [T] = r.array(n * n)
      for i in 0..<n where r.int(0...3) > 0 { a[i * n + i] += T(n) * (r.int(0...1) == 0 ? 1 : -1) }
      // Rows in any order, so that pivoting has something to do.
      return (0..<n).shuffled(using: &r).flatMap { a[$0 * n..<($0 + 1) * n] }
    }

    /// Runs on all matrices of a batch and returns the parts of the result, one per matrix.
    static func batch<T: KernelElement & BinaryFloatingPoint>(
      _ fn: ctk_fn?, _ a: [T], b: [T] = [], _ s: ctk_linalg_desc, each size: Int
    ) throws -> [[T]] {
      let d = try onAnyThreads {
        var d = [T](repeating: 0, count: Int(s.batch) * size)
        try runKernel(fn, &d, a, b, x: s)
        return d
      }
      return (0..<Int(s.batch)).map { Array(d[$0 * size..<($0 + 1) * size]) }
    }

    static func checkCholesky<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(15)
      for n in sizes {
        let count = n < 20 ? 60 : 5
        var a: [T] = []
        var exact: [Matrix<T>] = []
        for k in 0..<count {
          let g = Matrix<T>(n, n, r.array(n * n))
          var m = g * g.transposed
          for i in 0..<n { m.e[i * n + i] += 1 }
          if k == 3 { m.e[n * n - 1] = -1 }
          exact.append(m)
          // The upper triangle is not to be read.
          a += m.e.indices.map { $0 / n < $0 % n ? T.nan : m.e[$0] }
        }
        let d = try batch(ctk_cholesky(T.dtype), a, desc(count, n), each: n * n)
        for k in 0..<count {
          if k == 3 {
            #expect(d[k].allSatisfy { $0.isNaN })
            continue
          }
          let l = Matrix(n, n, d[k])
          #expect(l.keeping { $0 >= $1 }.e == l.e)
          let bound = 20 * Double(n * n) * T.epsilon
          #expect(distance((l * l.transposed).e, exact[k].e) <= bound, "\(T.self) \(n)")
        }
      }
    }

    @Test func cholesky() throws {
      try Self.checkCholesky(Double.self)
      try Self.checkCholesky(Float.self)
    }

    static func checkTriangular<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(16)
      for round in 0..<200 {
        let n = sizes.randomElement(using: &r)!
        let m = [1, 2, 7, 40, 130].randomElement(using: &r)!
        let count = [1, 2, 30].randomElement(using: &r)!
        let sharedA = r.int(0...2) == 0
        let sharedB = r.int(0...4) == 0
        var s = desc(count, n, m, sa: sharedA ? 0 : n * n, sb: sharedB ? 0 : n * m)
        (s.upper, s.transpose) = (Int32(r.int(0...1)), Int32(r.int(0...1)))
        (s.unitDiagonal, s.leftSide) = (Int32(r.int(0...1)), Int32(r.int(0...1)))
        var a: [T] = r.array((sharedA ? 1 : count) * n * n).map { $0 / T(n) }
        for i in 0..<a.count where i % (n * n) % (n + 1) == 0 { a[i] += a[i] < 0 ? -2 : 2 }
        let singular = round % 20 == 0 && s.unitDiagonal == 0
        if singular { a[n * n - 1] = 0 }
        let b: [T] = r.array((sharedB ? 1 : count) * n * m)
        let d = try batch(ctk_tri_solve(T.dtype), a, b: b, s, each: n * m)
        for k in 0..<count {
          if singular && (k == 0 || sharedA) {
            #expect(d[k].allSatisfy { $0.isNaN }, "\(s)")
            continue
          }
          let start = sharedA ? 0 : k * n * n
          var op = Matrix(n, n, a[start..<start + n * n]).keeping {
            s.upper != 0 ? $0 <= $1 : $0 >= $1
          }
          if s.unitDiagonal != 0 { for i in 0..<n { op.e[i * n + i] = 1 } }
          if s.transpose != 0 { op = op.transposed }
          let left = s.leftSide != 0
          let x = Matrix(left ? n : m, left ? m : n, d[k])
          let back = left ? op * x : x * op
          let expected = Array(b[(sharedB ? 0 : k * n * m)...].prefix(n * m))
          let scale = d[k].reduce(1.0) { max($0, Double(abs($1))) }
          let bound = 20 * Double(n) * T.epsilon * scale
          #expect(distance(back.e, expected) <= bound, "\(T.self) \(s)")
        }
      }
    }

    @Test func triangular() throws {
      try Self.checkTriangular(Double.self)
      try Self.checkTriangular(Float.self)
    }

    static func checkGeneral<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(17)
      for n in sizes {
        let count = n < 20 ? 50 : 4
        let m = [1, 3, 20].randomElement(using: &r)!
        var a = (0..<count).flatMap { _ in regular(&r, n, of: T.self) }
        for j in 0..<n { a[n * n + j] = 0 }  // the second is singular
        a[2 * n * n] = .infinity
        let b: [T] = r.array(count * n * m)
        let s = desc(count, n, m)
        let inverse = try batch(ctk_inverse(T.dtype), a, s, each: n * n)
        let x = try batch(ctk_solve(T.dtype), a, b: b, s, each: n * m)
        let det = try batch(ctk_slogdet(T.dtype), a, s, each: 2)
        let plain = try batch(ctk_det(T.dtype), a, s, each: 1)
        #expect(plain[1] == [0] && plain[2][0].isNaN)
        #expect((x[1] + inverse[1] + x[2] + inverse[2] + det[2]).allSatisfy { $0.isNaN })
        #expect(det[1] == [0, -.infinity])
        for k in 0..<count where k != 1 && k != 2 {
          let matrix = Matrix(n, n, a[k * n * n..<(k + 1) * n * n])
          let inv = Matrix(n, n, inverse[k])
          let size = inv.e.reduce(1.0) { max($0, Double(abs($1))) }
          let bound = 40 * Double(n * n) * T.epsilon * size
          #expect(distance((matrix * inv).e, Matrix<T>.identity(n).e) <= bound, "\(n)")
          let back = (matrix * Matrix(n, m, x[k])).e
          #expect(distance(back, Array(b[k * n * m..<(k + 1) * n * m])) <= bound, "\(n) \(m)")
          let (sign, log) = Self.determinant(matrix)
          #expect(Double(det[k][0]) == sign)
          #expect(abs(Double(det[k][1]) - log) <= bound)
          let ratio = Double(plain[k][0]) / (sign * exp(log))
          #expect(plain[k][0].isInfinite || abs(ratio - 1) <= bound, "\(n)")
        }
      }
    }

    /// By elimination with the largest pivot of each column.
    static func determinant<T>(_ a: Matrix<T>) -> (sign: Double, log: Double) {
      var rows = (0..<a.rows).map { i in (0..<a.rows).map { Double(a[i, $0]) } }
      var sign = 1.0
      var sum = 0.0
      for k in 0..<a.rows {
        let pivot = rows.indices.max { abs(rows[$0][k]) < abs(rows[$1][k]) }!
        let row = rows.remove(at: pivot)
        if row[k] == 0 { return (0, -.infinity) }
        sign *= (pivot % 2 == 0 ? 1 : -1) * (row[k] < 0 ? -1 : 1)
        sum += log(abs(row[k]))
        for i in rows.indices {
          let f = rows[i][k] / row[k]
          for j in k..<a.rows { rows[i][j] -= f * row[j] }
        }
      }
      return (sign, sum)
    }

    @Test func general() throws {
      try Self.checkGeneral(Double.self)
      try Self.checkGeneral(Float.self)
    }

    static func checkLU<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(18)
      for n in sizes {
        let count = 6
        var a = (0..<count).flatMap { _ in regular(&r, n, of: T.self) }
        a[n * n] = .nan
        for j in 0..<n { a[2 * n * n + j] = 0 }  // singular, but with factors
        let d = try batch(ctk_lu(T.dtype), a, desc(count, n), each: n * n + n)
        for k in 0..<count {
          let p = d[k][(n * n)...].map { Int($0) }
          #expect(p.sorted() == Array(0..<n))
          let packed = Matrix(n, n, d[k][..<(n * n)])
          if k == 1 {
            #expect(packed.e.allSatisfy { $0.isNaN })
            continue
          }
          var l = packed.keeping { $0 > $1 }
          for i in 0..<n { l.e[i * n + i] = 1 }
          let back = (l * packed.keeping { $0 <= $1 }).e
          let matrix = Matrix(n, n, a[k * n * n..<(k + 1) * n * n])
          let expected = (0..<n * n).map { matrix[p[$0 / n], $0 % n] }
          #expect(l.e.allSatisfy { abs($0) <= 1 }, "the largest pivot was not taken")
          #expect(distance(back, expected) <= 20 * Double(n * n) * T.epsilon, "\(T.self) \(n)")
        }
      }
    }

    @Test func lu() throws {
      try Self.checkLU(Double.self)
      try Self.checkLU(Float.self)
    }

    static func checkQR<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(19)
      for n in sizes {
        for m in Set([1, (n + 1) / 2, n]) {
          let count = 5
          var a: [T] = r.array(count * n * m)
          a[n * m] = .nan
          let d = try batch(ctk_qr(T.dtype), a, desc(count, n, m), each: n * m + m * m)
          for k in 0..<count {
            if k == 1 {
              #expect(d[k].allSatisfy { $0.isNaN })
              continue
            }
            let q = Matrix(n, m, d[k][..<(n * m)])
            let upper = Matrix(m, m, d[k][(n * m)...])
            let bound = 20 * Double(n) * T.epsilon
            #expect(upper.keeping { $0 <= $1 }.e == upper.e)
            #expect((0..<m).allSatisfy { upper[$0, $0] >= 0 })
            #expect(distance((q.transposed * q).e, Matrix<T>.identity(m).e) <= bound, "\(n) \(m)")
            let back = (q * upper).e
            #expect(distance(back, Array(a[k * n * m..<(k + 1) * n * m])) <= 4 * bound, "\(n) \(m)")
          }
        }
      }
    }

    @Test func qr() throws {
      try Self.checkQR(Double.self)
      try Self.checkQR(Float.self)
    }

    static func checkEigen<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(20)
      for n in sizes {
        let count = 5
        var a: [T] = []
        for _ in 0..<count {
          let g = Matrix<T>(n, n, r.array(n * n))
          a += zip(g.e, g.transposed.e).map { $0 + $1 }
        }
        a[n * n] = .nan
        let d = try batch(ctk_eigh(T.dtype), a, desc(count, n), each: n + n * n)
        for k in 0..<count {
          if k == 1 {
            #expect(d[k].allSatisfy { $0.isNaN })
            continue
          }
          let values = Array(d[k][..<n])
          let v = Matrix(n, n, d[k][n...])
          let scaled = Matrix(n, n, v.e.indices.map { v.e[$0] * values[$0 % n] })
          let matrix = Matrix(n, n, a[k * n * n..<(k + 1) * n * n])
          let bound = 40 * Double(n) * T.epsilon
          #expect(values == values.sorted())
          #expect(distance((matrix * v).e, scaled.e) <= 4 * bound, "\(T.self) \(n)")
          #expect(distance((v.transposed * v).e, Matrix<T>.identity(n).e) <= bound)
          for j in 0..<n {
            let column = (0..<n).map { v[$0, j] }
            #expect(column.max()! >= -column.min()!)
          }
        }
      }
    }

    @Test func eigen() throws {
      try Self.checkEigen(Double.self)
      try Self.checkEigen(Float.self)
    }

    static func checkSingular<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(21)
      for (n, m) in sizes.flatMap({ n in Set([1, n / 2 + 1, n, n + 3]).map { (n, $0) } }) {
        let (count, k) = (4, min(n, m))
        var a: [T] = r.array(count * n * m)
        a[n * m] = .nan
        for j in 0..<n * m { a[2 * n * m + j] = T(j % m + 1) }  // of rank one
        let d = try batch(ctk_svd(T.dtype), a, desc(count, n, m), each: n * k + k + k * m)
        #expect(d[1].allSatisfy { $0.isNaN })
        for i in [0, 2, 3] {
          let u = Matrix(n, k, d[i][..<(n * k)])
          let s = Array(d[i][(n * k)..<(n * k + k)])
          let vt = Matrix(k, m, d[i][(n * k + k)...])
          let scaled = Matrix(n, k, u.e.indices.map { u.e[$0] * s[$0 % k] })
          let expected = Array(a[i * n * m..<(i + 1) * n * m])
          let bound = 40 * Double(n + m) * T.epsilon
          #expect(distance((scaled * vt).e, expected) <= bound * max(1, Double(s[0])), "\(n) \(m)")
          #expect(distance((u.transposed * u).e, Matrix<T>.identity(k).e) <= bound, "\(n) \(m)")
          #expect(distance((vt * vt.transposed).e, Matrix<T>.identity(k).e) <= bound, "\(n) \(m)")
          #expect(s == s.sorted(by: >) && s[k - 1] >= 0)
          for j in 0..<k {
            let column = (0..<n).map { u[$0, j] }
            #expect(column.max()! >= -column.min()!)
          }
        }
      }
    }

    @Test func singularValues() throws {
      try Self.checkSingular(Double.self)
      try Self.checkSingular(Float.self)
    }

    /// Against determinants of minors; the second matrix of each batch has rank n − 1, the third
    /// n − 2.
    static func checkCofactors<T: KernelElement & BinaryFloatingPoint>(_: T.Type) throws {
      var r = SplitMix(22)
      for n in [1, 2, 3, 5, 12, 13, 16] {
        var a: [T] = r.array(4 * n * n)
        for defect in 1...2 where n > defect {
          for row in 0..<defect {
            for j in 0..<n {
              a[defect * n * n + row * n + j] = a[defect * n * n + (n - 1) * n + j] * T(row + 2)
            }
          }
        }
        a[3 * n * n] = .infinity
        let d = try batch(ctk_cofactors(T.dtype), a, desc(4, n), each: n * n)
        #expect(d[3].allSatisfy { $0.isNaN })
        for k in 0..<3 {
          let matrix = Matrix(n, n, a[k * n * n..<(k + 1) * n * n])
          let expected = (0..<n * n).map { at -> Double in
            let (i, j) = (at / n, at % n)
            let minor = matrix.e.indices.filter { $0 / n != i && $0 % n != j }.map { matrix.e[$0] }
            let (sign, log) = determinant(Matrix(n - 1, n - 1, minor))
            return ((i + j) % 2 == 0 ? sign : -sign) * exp(log)
          }
          // How much they move with the matrix: products of n − 2 singular values.
          let vectors = try batch(
            ctk_svd(T.dtype), matrix.e, desc(1, n, n), each: 2 * n * n + n)[0]
          let values = vectors[(n * n)..<(n * n + n)].map { Double($0) }
          let size = values.prefix(max(n - 2, 0)).reduce(max(1, values[0]), *)
          let error = zip(d[k], expected).reduce(0.0) { max($0, abs(Double($1.0) - $1.1)) }
          #expect(error <= 40 * Double(n * n) * T.epsilon * size, "\(T.self) \(n) \(k)")
        }
      }
    }

    @Test func cofactors() throws {
      try Self.checkCofactors(Double.self)
      try Self.checkCofactors(Float.self)
    }

    @Test func determinantsOutOfTheProductsRange() throws {
      // The partial products overflow, then underflow.
      let a = (0..<16).map { $0 % 5 == 0 ? [1e200, 1e200, 1e-200, 1e-199][$0 / 4] : 0.0 }
      let d = try Self.batch(ctk_det(Double.dtype), a, Self.desc(1, 4), each: 1)
      #expect(abs(d[0][0] / 10 - 1) < 1e-14)
    }

    @Test func nothingToDo() throws {
      for s in [Self.desc(0, 3, 2), Self.desc(2, 0, 2)] {
        for fn in [
          ctk_cholesky, ctk_tri_solve, ctk_solve, ctk_inverse, ctk_qr, ctk_lu, ctk_eigh, ctk_svd,
          ctk_cofactors,
        ] {
          var d: [Double] = []
          try runKernel(fn(Double.dtype), &d, [Double](), x: s)
        }
      }
      var d = [9.0, 9, 9, 9]
      try runKernel(ctk_slogdet(Double.dtype), &d, [Double](), x: Self.desc(2, 0))
      #expect(d == [1, 0, 1, 0])
      try runKernel(ctk_det(Double.dtype), &d, [Double](), x: Self.desc(2, 0))
      #expect(d == [1, 1, 1, 0])
      #expect(ctk_solve(Int64.dtype) == nil)
    }
  }
}
