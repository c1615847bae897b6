import CTensorKernels
import Foundation
import Testing

/// The kernels of the slopes of draws; their accuracy is `Tensors`' tests' to prove.
@Suite struct DrawSlopeTests {
  private struct Beta {
    let a, b, logit: [Double]
  }

  /// Parameters of all sizes, and values about their quartiles and far out.
  private static let cases: Beta = {
    var (a, b, logit): ([Double], [Double], [Double]) = ([], [], [])
    for i in 0..<14 {
      for j in 0..<14 {
        let (p, q) = (exp(0.9 * Double(i) - 5.1), exp(0.9 * Double(j) - 4.7))
        for z in [-5.0, -1, 0.1, 2, 4] {
          a.append(p)
          b.append(q)
          logit.append(log(p / q) + z * sqrt(1 / p + 1 / q))
        }
      }
    }
    return Beta(a: a, b: b, logit: logit)
  }()

  private func gamma<T: TestedFloat>(_ isa: Int32, _ a: [T], _ logX: [T]) throws -> [T] {
    try apply(kernel(isa: isa) { ctk_gamma_slope(T.dtype) }, to: a, logX, zero: T(0))
  }

  private func beta<T: TestedFloat>(_ isa: Int32, _ a: [T], _ b: [T], _ logit: [T]) throws -> [T] {
    let slopes = try #require(kernel(isa: isa) { ctk_beta_slopes(T.dtype) })
    var d = [T](repeating: 0, count: 2 * a.count)
    d.withUnsafeMutableBytes { d in
      a.withUnsafeBytes { a in
        b.withUnsafeBytes { b in
          logit.withUnsafeBytes { logit in
            var instruction = ctk_instr()
            instruction.n = Int64(a.count / MemoryLayout<T>.size)
            instruction.a = a.baseAddress?.assumingMemoryBound(to: CChar.self)
            instruction.b = b.baseAddress?.assumingMemoryBound(to: CChar.self)
            instruction.c = logit.baseAddress?.assumingMemoryBound(to: CChar.self)
            instruction.d = d.baseAddress?.assumingMemoryBound(to: CChar.self)
            slopes(&instruction)
          }
        }
      }
    }
    return d
  }

  /// Instruction sets differ by rounding, which cancellation magnifies.
  @Test(arguments: isas) func instructionSets(isa: Int32) throws {
    let (a, b, logit) = (Self.cases.a, Self.cases.b, Self.cases.logit)
    let pairs = zip(
      try gamma(isa, a, logit) + beta(isa, a, b, logit),
      try gamma(ctk_isa_best(), a, logit) + beta(ctk_isa_best(), a, b, logit))
    for (index, (slope, other)) in pairs.enumerated() {
      #expect((slope / other - 1).magnitude < 2e-11, "\(index): \(slope), \(other)")
    }
  }

  /// Single precision is the same function of rounded operands, rounded once.
  @Test(arguments: isas) func singles(isa: Int32) throws {
    let (a, b) = (Self.cases.a.map { Float($0) }, Self.cases.b.map { Float($0) })
    let logit = Self.cases.logit.map { Float($0) }
    let (wideA, wideB) = (a.map { Double($0) }, b.map { Double($0) })
    let wide = logit.map { Double($0) }
    #expect(try gamma(isa, a, logit) == gamma(isa, wideA, wide).map { Float($0) })
    #expect(try beta(isa, a, b, logit) == beta(isa, wideA, wideB, wide).map { Float($0) })
  }

  /// Neither the place of an element nor the number of them matters.
  @Test(arguments: isas) func places(isa: Int32) throws {
    let (a, b, logit) = (Self.cases.a, Self.cases.b, Self.cases.logit)
    let (whole, pairs) = (try gamma(isa, a, logit), try beta(isa, a, b, logit))
    for count in [1, 3, 8, 513, 700] {
      let first = 11
      let part = first..<first + count
      let some = (Array(a[part]), Array(b[part]), Array(logit[part]))
      #expect(try gamma(isa, some.0, some.2) == Array(whole[part]))
      let slopes = try beta(isa, some.0, some.1, some.2)
      #expect(Array(slopes[..<count]) == Array(pairs[part]))
      #expect(
        Array(slopes[count...]) == Array(pairs[(a.count + first)..<(a.count + part.upperBound)]))
    }
  }

  /// Outside the domain: NaN. Far inside: finite numbers of the right sign.
  @Test(arguments: isas) func edges(isa: Int32) throws {
    let bad: [Double] = [0, -1, .infinity, .nan]
    #expect(try gamma(isa, bad, [0, 0, 0, 0]).allSatisfy(\.isNaN))
    #expect(
      try beta(isa, bad + [1, 1], [1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, .infinity])
        .allSatisfy(\.isNaN))
    let logits: [Double] = [-1e5, -800, -40, 0, 40, 800, 1e5]
    for a in [1e-4, 0.3, 5, 1e3, 1e9] {
      let shapes = [Double](repeating: a, count: logits.count)
      for b in [1e-4, 0.3, 5, 1e3, 1e9] {
        let slopes = try beta(isa, shapes, [Double](repeating: b, count: logits.count), logits)
        #expect(slopes[..<7].allSatisfy { $0 > 0 && $0.isFinite }, "\(a), \(b): \(slopes)")
        #expect(slopes[7...].allSatisfy { $0 < 0 && $0.isFinite }, "\(a), \(b): \(slopes)")
      }
      let slopes = try gamma(isa, shapes, logits.map { min($0, log(a + 700)) })
      #expect(slopes.allSatisfy { $0 > 0 && $0.isFinite }, "\(a): \(slopes)")
    }
  }
}
