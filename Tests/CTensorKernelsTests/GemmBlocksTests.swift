import CTensorKernels
import Testing

extension RuntimeTests {
  /// Products of panels with ranges of terms or rows, for every instruction set, against sums taken one
  /// by one.
  @Suite struct GemmBlocksTests {
    struct Panel {
      var runs: [Range<Int>]
      var ranges: [Range<Int>]
    }

    /// A third operand's use and the sizes of a product, with random panels.
    struct Case {
      let product: GemmTests.Case
      let third: Int32
      let panels: [Panel]

      init(_ r: inout SplitMix) {
        let turns = r.int(0...2) == 0
        product = GemmTests.Case(
          m: r.int(1...(r.int(0...3) == 0 ? 300 : 40)), n: r.int(1...70), k: r.int(1...50),
          ta: turns, tb: !turns && r.int(0...1) == 0)
        third = turns ? Int32(CTK_PLAIN) : Int32(r.int(0...3))
        var runs: [Range<Int>] = []
        var start = 0
        while start < product.n {
          runs.append(start..<min(start + r.int(1...16), product.n))
          start = runs[runs.count - 1].upperBound
        }
        runs.shuffle(using: &r)
        var panels: [Panel] = []
        while !runs.isEmpty {
          let count = min(r.int(1...2), runs.count)
          panels.append(Panel(runs: Array(runs.prefix(count)), ranges: []))
          runs.removeFirst(count)
        }
        for index in panels.indices {
          var end = 0
          let extent = turns ? product.m : product.k
          for _ in 0..<r.int(0...3) where end < extent {
            let start = r.int(end...(extent - 1))
            end = r.int((start + 1)...extent)
            panels[index].ranges.append(start..<end)
          }
        }
        self.panels = panels
      }

      /// The descriptor as the kernel reads it.
      var words: [UInt8] {
        var bytes: [UInt8] = []
        var ranges: [Int32] = []
        let desc = ctk_block_gemm_desc(
          product: .init(product: product.desc, zeros: 0), third: third,
          panels: Int32(panels.count))
        withUnsafeBytes(of: desc) { bytes += $0 }
        for panel in panels {
          let runs = panel.runs + (panel.runs.count == 1 ? [0..<0] : [])
          let words =
            runs.map(\.lowerBound) + runs.map(\.count) + [ranges.count, panel.ranges.count]
          words.map(Int32.init).withUnsafeBytes { bytes += $0 }
          ranges += panel.ranges.flatMap { [Int32($0.lowerBound), Int32($0.upperBound)] }
        }
        ranges.withUnsafeBytes { bytes += $0 }
        return bytes
      }

      func naive<T: BinaryFloatingPoint>(_ a: [T], _ b: [T], _ c: [T]) -> [T] {
        let p = product
        var d = [T](repeating: 0, count: p.m * p.n)
        for panel in panels {
          for j in panel.runs.joined() {
            for i in 0..<p.m {
              let terms =
                p.ta ? (panel.ranges.contains { $0.contains(i) } ? [0..<p.k] : []) : panel.ranges
              var sum = 0.0
              for k in terms.joined() {
                sum +=
                  Double(a[p.ta ? k * p.rowA + i : i * p.rowA + k])
                  * Double(b[p.tb ? j * p.rowB + k : k * p.rowB + j])
              }
              d[i * p.n + j] =
                switch third {
                case Int32(CTK_ADDS): T(sum + Double(c[j]))
                case Int32(CTK_RECTIFIES): T(max(sum + Double(c[j]), 0))
                case Int32(CTK_GATES): c[i * p.n + j] > 0 ? T(sum) : 0
                default: T(sum)
                }
            }
          }
        }
        return d
      }
    }

    static func check<T: KernelElement & BinaryFloatingPoint>(
      _ fn: ctk_fn?, _ c: Case, _ r: inout SplitMix, of: T.Type
    ) throws {
      let fn = try #require(fn)
      let p = c.product
      let a: [T] = r.array(p.sizeA)
      let b: [T] = r.array(p.sizeB)
      let third: [T] = r.array(c.third == Int32(CTK_GATES) ? p.sizeC : p.n)
      let words = c.words
      let found = onAnyThreads {
        var d = [T](repeating: .nan, count: p.sizeC)
        d.withUnsafeMutableBytes { d in
          a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
              third.withUnsafeBytes { third in
                words.withUnsafeBytes { words in
                  var i = ctk_instr()
                  i.d = d.baseAddress?.assumingMemoryBound(to: CChar.self)
                  i.a = a.baseAddress?.assumingMemoryBound(to: CChar.self)
                  i.b = b.baseAddress?.assumingMemoryBound(to: CChar.self)
                  i.c = third.baseAddress?.assumingMemoryBound(to: CChar.self)
                  i.x = words.baseAddress
                  fn(&i)
                }
              }
            }
          }
        }
        return d
      }
      let expected = c.naive(a, b, third)
      #expect(distance(found, expected) <= 4 * Double(p.k + 4) * T.epsilon, "\(T.self) \(c)")
    }

    @Test(arguments: isas) func randomPanels(isa: Int32) throws {
      let double = kernel(isa: isa) { ctk_gemm_blocks(Double.dtype) }
      let float = kernel(isa: isa) { ctk_gemm_blocks(Float.dtype) }
      var r = SplitMix(77)
      for _ in 0..<300 {
        let c = Case(&r)
        try Self.check(double, c, &r, of: Double.self)
        try Self.check(float, c, &r, of: Float.self)
      }
    }
  }
}
