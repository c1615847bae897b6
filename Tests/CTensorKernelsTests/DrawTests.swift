import CTensorKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Draws by rejection. That they follow their distributions is tested where GSL is at hand.
@Suite struct DrawTests {
  private static let kinds = [
    CTK_DRAW_GAMMA, CTK_DRAW_LOG_GAMMA, CTK_DRAW_POISSON, CTK_DRAW_BINOMIAL, CTK_DRAW_VON_MISES,
  ]

  private static func draw<T: KernelElement & BinaryFloatingPoint>(
    _ kind: Int, isa: Int32, keys: [Int64], rowLength: Int, start: Int = 0, _ a: [T], _ b: [T],
    inPlace: Bool = false
  ) throws -> [T] {
    let fn = try #require(kernel(isa: isa) { ctk_draw(Int32(kind), T.dtype) })
    var (d, a) = ([T](repeating: 0, count: a.count), a)
    var description = ctk_random_desc(rowLength: Int64(rowLength))
    d.withUnsafeMutableBytes { d in
      a.withUnsafeMutableBytes { a in
        b.withUnsafeBytes { b in
          keys.withUnsafeBytes { keys in
            let target = inPlace ? a.baseAddress! : d.baseAddress!
            call(
              fn, n: d.count / MemoryLayout<T>.stride, start: start, d: target,
              [keys.baseAddress!, UnsafeRawPointer(a.baseAddress!), b.baseAddress!],
              x: &description)
          }
        }
      }
    }
    return inPlace ? a : d
  }

  private static func unit(_ r: inout SplitMix) -> Double { Double(r.next() >> 11) * 0x1p-53 }

  /// Parameters of all sizes, so that every method occurs, and rejections.
  private static func parameters<T: BinaryFloatingPoint>(
    _ kind: Int, _ count: Int, _ type: T.Type
  ) -> ([T], [T]) {
    var r = SplitMix(5)
    let a = (0..<count).map { _ -> T in
      let size = T(exp(14 * Self.unit(&r) - 5))
      return kind == CTK_DRAW_BINOMIAL ? (100 * size).rounded() : size
    }
    return (a, (0..<count).map { _ in T(Self.unit(&r)) })
  }

  @Test(arguments: isas, kinds) func windows(isa: Int32, kind: Int) throws {
    try checkWindows(kind, isa, Double.self)
    try checkWindows(kind, isa, Float.self)
  }

  /// An element's draw depends on its key, number and parameters alone: not on where a block of
  /// elements begins or ends, nor on its neighbours.
  private func checkWindows<T: KernelElement & BinaryFloatingPoint>(
    _ kind: Int, _ isa: Int32, _ type: T.Type
  ) throws {
    var r = SplitMix(22)
    for length in [1, 3, 8, 17, 500, 1100] {
      let keys = (0..<max(2, 1200 / length)).map { _ in Int64(bitPattern: r.next()) }
      let total = keys.count * length
      let (a, b) = Self.parameters(kind, total, type)
      let whole = try Self.draw(kind, isa: isa, keys: keys, rowLength: length, a, b)
      #expect(whole.allSatisfy { $0.isFinite })
      for _ in 0..<20 {
        let start = r.int(0...total - 1)
        let n = r.int(1...total - start)
        let part = try Self.draw(
          kind, isa: isa, keys: keys, rowLength: length, start: start,
          Array(a[start..<start + n]), Array(b[start..<start + n]), inPlace: n % 2 == 0)
        #expect(sameBits(part, Array(whole[start..<start + n])), "\(T.self) \(length) \(start)")
      }
    }
  }

  /// Different instruction sets agree but for the last bits.
  @Test(arguments: kinds) func instructionSetsAgree(kind: Int) throws {
    let (a, b) = Self.parameters(kind, 5000, Double.self)
    let draws = try isas.map {
      try Self.draw(kind, isa: $0, keys: [3], rowLength: 5000, a, b)
    }
    for other in draws {
      let error = zip(other, draws[0]).map { abs($0 - $1) / (1 + abs($1)) }.max()!
      #expect(error < 1e-13, "\(error)")
    }
  }

  /// The logarithm of a gamma draw is that of the draw; float32 draws are double ones, rounded.
  @Test(arguments: isas) func forms(isa: Int32) throws {
    let (a, b) = Self.parameters(CTK_DRAW_GAMMA, 3000, Float.self)
    let wide = try Self.draw(
      CTK_DRAW_GAMMA, isa: isa, keys: [3], rowLength: 3000, a.map(Double.init), b.map(Double.init))
    let narrow = try Self.draw(CTK_DRAW_GAMMA, isa: isa, keys: [3], rowLength: 3000, a, b)
    #expect(narrow == wide.map { max(Float($0), .leastNormalMagnitude) })
    let logs = try Self.draw(
      CTK_DRAW_LOG_GAMMA, isa: isa, keys: [3], rowLength: 3000, a.map(Double.init),
      b.map(Double.init))
    for (log, draw) in zip(logs, wide) where draw > .leastNormalMagnitude {
      #expect(abs(exp(log) / draw - 1) < 1e-12)
    }
    #expect(logs.min()! < -600)
  }

  /// Invalid parameters give NaN and no endless loop; limits give what they should.
  @Test(arguments: isas) func edges(isa: Int32) throws {
    func one(_ kind: Int, _ a: Double, _ b: Double = 0) throws -> Double {
      try Self.draw(kind, isa: isa, keys: [4], rowLength: 1, [a], [b])[0]
    }
    for kind in Self.kinds {
      let bad = try [Double.nan, -1, .infinity].map { try one(kind, $0, 0.5) }
      #expect(bad.allSatisfy { $0.isNaN })
    }
    let tiny = try (one(CTK_DRAW_GAMMA, 0x1p-1070), one(CTK_DRAW_LOG_GAMMA, 0x1p-1070))
    #expect(tiny.0 == .leastNormalMagnitude && tiny.1 < -1e300)
    let huge = try (one(CTK_DRAW_GAMMA, 1e300), one(CTK_DRAW_POISSON, 1e30))
    #expect(abs(huge.0 / 1e300 - 1) < 1e-15 && abs(huge.1 / 1e30 - 1) < 1e-13)
    let zero = try one(CTK_DRAW_POISSON, 0)
    #expect(zero == 0)
    for (n, p, k) in [(0.0, 0.5, 0.0), (10, 0, 0), (10, 1, 10), (1e9, 0, 0), (1e9, 1, 1e9)] {
      let draw = try one(CTK_DRAW_BINOMIAL, n, p)
      #expect(draw == k)
    }
    let bad = try [Double.nan, -0.1, 1.1].map { try one(CTK_DRAW_BINOMIAL, 10, $0) }
    #expect(bad.allSatisfy { $0.isNaN })
    let angles = try (one(CTK_DRAW_VON_MISES, 1e100), one(CTK_DRAW_VON_MISES, 0))
    #expect(abs(angles.0) < 1e-48 && abs(angles.1) <= .pi)
  }

  @Test func existence() {
    for kind in Self.kinds {
      for t in DType.allCases {
        #expect((ctk_draw(Int32(kind), t.rawValue) != nil) == t.isFloat)
      }
    }
    #expect(ctk_draw(5, 0) == nil && ctk_draw(-1, 0) == nil)
  }
}
