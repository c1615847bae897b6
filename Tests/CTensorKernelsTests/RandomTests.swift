import CTensorKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct RandomTests {
  // MARK: - Philox

  /// The known answers of the Random123 distribution.
  @Test func publishedVectors() {
    func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
      var out = [UInt32](repeating: 0, count: 4)
      ctk_philox4x32(counter, key, &out)
      return out
    }
    let zero = philox([0, 0, 0, 0], [0, 0])
    #expect(zero == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = philox([UInt32](repeating: .max, count: 4), [.max, .max])
    #expect(ones == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    let pi = philox(
      [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
    #expect(pi == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  /// The words of a block of a stream, as the kernels are meant to compute them.
  static func block(_ key: Int64, _ number: UInt64, stream: UInt32) -> [UInt32] {
    let counter = [
      UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32), stream, 0,
    ]
    let bits = UInt64(bitPattern: key)
    var out = [UInt32](repeating: 0, count: 4)
    ctk_philox4x32(
      counter, [UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)], &out)
    return out
  }

  /// Element `e` of a stream of 64-bit words: groups of eight blocks, first halves first.
  static func word64(_ key: Int64, _ e: Int, stream: UInt32) -> UInt64 {
    let words = block(key, UInt64(e / 16 * 8 + e % 8), stream: stream)
    let half = e / 8 % 2 * 2
    return UInt64(words[half]) | UInt64(words[half + 1]) << 32
  }

  static func word32(_ key: Int64, _ e: Int, stream: UInt32) -> UInt32 {
    block(key, UInt64(e / 32 * 8 + e % 8), stream: stream)[e / 8 % 4]
  }

  static func unit64(_ word: UInt64) -> Double { (Double(word >> 12) + 0.5) * 0x1p-52 }
  static func unit32(_ word: UInt32) -> Float { (Float(word >> 9) + 0.5) * 0x1p-23 }

  static let keys: [Int64] = [0, 1, -1, .min, .max, 0x1234_5678_9abc_def0, -77]

  static func draw<T: KernelElement>(
    _ kind: Int, isa: Int32, keys: [Int64], rowLength: Int, start: Int = 0, n: Int, zero: T
  ) throws -> [T] {
    let fn = try #require(kernel(isa: isa) { ctk_random(Int32(kind), T.dtype) })
    var d = [T](repeating: zero, count: n)
    var description = ctk_random_desc(rowLength: Int64(rowLength))
    d.withUnsafeMutableBytes { d in
      keys.withUnsafeBytes { keys in
        call(
          fn, n: n, start: start, d: d.baseAddress!, [keys.baseAddress!], x: &description)
      }
    }
    return d
  }

  // MARK: - Bits

  /// Bits and uniform numbers are exactly those of the layout, whatever the instruction set.
  @Test(arguments: isas) func layout(isa: Int32) throws {
    let keys = Self.keys
    for length in [1, 2, 5, 8, 9, 16, 31, 100] {
      let n = keys.count * length
      let places = (0..<n).map { (keys[$0 / length], $0 % length) }
      let bits = try Self.draw(
        CTK_BITS, isa: isa, keys: keys, rowLength: length, n: n, zero: Int64(0))
      #expect(
        bits == places.map { Int64(bitPattern: Self.word64($0.0, $0.1, stream: 1)) }, "\(length)")
      let wide = try Self.draw(
        CTK_UNIFORM, isa: isa, keys: keys, rowLength: length, n: n, zero: 0.0)
      #expect(wide == places.map { Self.unit64(Self.word64($0.0, $0.1, stream: 2)) }, "\(length)")
      let narrow = try Self.draw(
        CTK_UNIFORM, isa: isa, keys: keys, rowLength: length, n: n, zero: Float(0))
      #expect(narrow == places.map { Self.unit32(Self.word32($0.0, $0.1, stream: 3)) }, "\(length)")
    }
  }

  /// The ends of the interval stay out even for the extreme words.
  @Test func openInterval() {
    #expect(Self.unit64(0) == 0x1p-53 && Self.unit64(.max) == 1 - 0x1p-53)
    #expect(Self.unit32(0) == 0x1p-24 && Self.unit32(.max) == 1 - 0x1p-24)
  }

  /// Far along a stream the block number needs its upper word, and numbers are still right.
  @Test(arguments: isas) func distantElements(isa: Int32) throws {
    let start = 1 << 40 + 5
    let far = try Self.draw(
      CTK_BITS, isa: isa, keys: [42], rowLength: 1 << 50, start: start, n: 40, zero: Int64(0))
    #expect(
      far == (0..<40).map { Int64(bitPattern: Self.word64(42, start + $0, stream: 1)) })
  }

  @Test func derivedKeys() {
    let data: [Int64] = [0, 1, -1, 1 << 40]
    var seen = Set<Int64>()
    for key in Self.keys {
      for datum in data {
        let words = Self.block(key, UInt64(bitPattern: datum), stream: 6)
        let folded = ctk_fold_in(key, datum)
        #expect(UInt64(bitPattern: folded) == UInt64(words[0]) | UInt64(words[1]) << 32)
        seen.insert(folded)
      }
    }
    #expect(seen.count == Self.keys.count * data.count)
  }

  // MARK: - Windows

  @Test(arguments: isas) func windows(isa: Int32) throws {
    try checkWindows(CTK_BITS, isa, zero: Int64(0))
    try checkWindows(CTK_UNIFORM, isa, zero: 0.0)
    try checkWindows(CTK_UNIFORM, isa, zero: Float(0))
    try checkWindows(CTK_NORMAL, isa, zero: 0.0)
    try checkWindows(CTK_NORMAL, isa, zero: Float(0))
  }

  private func checkWindows<T: KernelElement>(_ kind: Int, _ isa: Int32, zero: T) throws {
    var r = SplitMix(21)
    for length in [1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 100] {
      let keys = (0..<max(3, 90 / length)).map { _ in Int64(bitPattern: r.next()) }
      let total = keys.count * length
      let whole = try Self.draw(kind, isa: isa, keys: keys, rowLength: length, n: total, zero: zero)
      for _ in 0..<60 {
        let start = r.int(0...total - 1)
        let n = r.int(1...total - start)
        let part = try Self.draw(
          kind, isa: isa, keys: keys, rowLength: length, start: start, n: n, zero: zero)
        #expect(sameBits(part, Array(whole[start..<start + n])), "\(T.self) \(length) \(start)")
      }
      // A row's numbers do not depend on how long the row is.
      let longer = try Self.draw(
        kind, isa: isa, keys: [keys[0]], rowLength: 1000, n: length, zero: zero)
      #expect(sameBits(longer, Array(whole[..<length])), "\(T.self) rows of \(length)")
    }
  }

  /// Normal numbers of different instruction sets agree but for the last bits.
  @Test func normalsAgree() throws {
    let wide = try isas.map {
      try Self.draw(CTK_NORMAL, isa: $0, keys: [3], rowLength: 5000, n: 5000, zero: 0.0)
    }
    let narrow = try isas.map {
      try Self.draw(CTK_NORMAL, isa: $0, keys: [3], rowLength: 5000, n: 5000, zero: Float(0))
    }
    for isa in isas.indices {
      let wideError = zip(wide[isa], wide[0]).map { abs($0 - $1) / (1 + abs($1)) }.max()!
      let narrowError = zip(narrow[isa], narrow[0]).map { abs($0 - $1) / (1 + abs($1)) }.max()!
      #expect(wideError < 1e-15 && narrowError < 1e-6, "\(wideError), \(narrowError)")
    }
  }

  // MARK: - Distributions

  // The seeds are fixed. Before they were, each bound would have been crossed once in a million:
  // 4.9 standard errors, or 2.7 for the scaled Kolmogorov-Smirnov distance.
  private static let standardErrors = 4.9
  private static let distance = 2.7

  @Test(arguments: isas) func uniformDistribution(isa: Int32) throws {
    let n = 60_000
    let wide = try Self.draw(CTK_UNIFORM, isa: isa, keys: [7], rowLength: n, n: n, zero: 0.0)
    let narrow = try Self.draw(CTK_UNIFORM, isa: isa, keys: [8], rowLength: n, n: n, zero: Float(0))
    let manyKeys = try Self.draw(
      CTK_UNIFORM, isa: isa, keys: (0..<Int64(n)).map { $0 }, rowLength: 1, n: n, zero: 0.0)
    for x in [wide, narrow.map { Double($0) }, manyKeys] {
      #expect(x.allSatisfy { $0 > 0 && $0 < 1 })
      // Standardised; the moments of a uniform variable on (-sqrt 3, sqrt 3).
      let z = x.map { ($0 - 0.5) * 12.0.squareRoot() }
      checkMoments(z, powers: [0, 1, 0, 1.8], squares: [1, 1.8, 27.0 / 7, 9])
      checkIndependence(z)
      checkKolmogorovSmirnov(x)
    }
  }

  @Test(arguments: isas) func normalDistribution(isa: Int32) throws {
    let n = 100_000
    let wide = try Self.draw(CTK_NORMAL, isa: isa, keys: [9], rowLength: n, n: n, zero: 0.0)
    let narrow = try Self.draw(CTK_NORMAL, isa: isa, keys: [10], rowLength: n, n: n, zero: Float(0))
    let manyKeys = try Self.draw(
      CTK_NORMAL, isa: isa, keys: (0..<Int64(n)).map { $0 }, rowLength: 1, n: n, zero: 0.0)
    for x in [wide, narrow.map { Double($0) }, manyKeys] {
      checkMoments(x, powers: [0, 1, 0, 3], squares: [1, 3, 15, 105])
      checkIndependence(x)
      checkKolmogorovSmirnov(x.map { 0.5 * erfc(-$0 / 2.0.squareRoot()) })
      // The tails: how many are beyond three and four standard deviations.
      for limit in [3.0, 4] {
        let p = erfc(limit / 2.0.squareRoot())
        let count = Double(x.count { abs($0) > limit })
        let error = (count - Double(n) * p) / (Double(n) * p * (1 - p)).squareRoot()
        #expect(abs(error) < Self.standardErrors + 1, "beyond \(limit): \(count)")
      }
    }
  }

  /// Powers 1 to 4 have the given means; their squares' means give the standard errors.
  private func checkMoments(_ x: [Double], powers: [Double], squares: [Double]) {
    let n = Double(x.count)
    for p in 1...4 {
      let mean = x.reduce(0.0) { $0 + pow($1, Double(p)) } / n
      let deviation = (squares[p - 1] - powers[p - 1] * powers[p - 1]).squareRoot()
      let z = (mean - powers[p - 1]) / deviation * n.squareRoot()
      #expect(abs(z) < Self.standardErrors, "moment \(p): \(mean)")
    }
  }

  /// Neighbours, members of a pair and of neighbouring groups are not correlated, nor are their
  /// squares. Elements are standardised.
  private func checkIndependence(_ x: [Double]) {
    let squares = x.map { $0 * $0 - 1 }
    let spread = squares.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    for lag in [1, 2, 4, 8, 16, 24, 32] {
      let n = x.count - lag
      let plain = (0..<n).reduce(0.0) { $0 + x[$1] * x[$1 + lag] } / Double(n).squareRoot()
      let squared = (0..<n).reduce(0.0) { $0 + squares[$1] * squares[$1 + lag] }
      #expect(abs(plain) < Self.standardErrors, "lag \(lag)")
      #expect(abs(squared / spread / Double(n).squareRoot()) < Self.standardErrors, "lag \(lag)")
    }
  }

  private func checkKolmogorovSmirnov(_ probabilities: [Double]) {
    let sorted = probabilities.sorted()
    let n = Double(sorted.count)
    let d = sorted.indices.reduce(0.0) {
      max($0, sorted[$1] - Double($1) / n, Double($1 + 1) / n - sorted[$1])
    }
    #expect(d * n.squareRoot() < Self.distance, "distance \(d)")
  }

  @Test func existence() {
    for t in DType.allCases {
      #expect((ctk_random(Int32(CTK_BITS), t.rawValue) != nil) == (t == .i64))
      #expect((ctk_random(Int32(CTK_UNIFORM), t.rawValue) != nil) == t.isFloat)
      #expect((ctk_random(Int32(CTK_NORMAL), t.rawValue) != nil) == t.isFloat)
    }
    #expect(ctk_random(3, 0) == nil && ctk_random(-1, 0) == nil)
  }
}
