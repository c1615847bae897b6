import Foundation
import TestSupport
import Testing

@testable import Tensors

/// How gamma and beta draws move with their parameters at fixed probability, against values of mpmath
/// with 50 digits: Tests/Golden/make_slopes.py.
@Suite struct DrawSlopeTests {
  private struct Golden: Decodable {
    /// a, log x, d log x/da.
    let gamma: [[Double]]
    /// a, b, log odds, their derivatives by a and b.
    let beta: [[Double]]
  }

  private static func load() throws -> Golden {
    try TestSupport.Golden.load("slopes.json", as: Golden.self)
  }

  private static func column(_ number: Int, of rows: [[Double]], _ dtype: DType = .float64)
    -> Tensor
  {
    Tensor(rows.map { $0[number] }, dtype: dtype)
  }

  /// Shapes from 1e-4 to 1e10, probabilities to 1e-11 on both sides.
  @Test func gamma() throws {
    let rows = try Self.load().gamma
    #expect(rows.count > 200)
    let slopes = logGammaDrawSlope(Self.column(0, of: rows), Self.column(1, of: rows)).array()
    for (row, slope) in zip(rows, slopes) {
      #expect((slope / row[2] - 1).magnitude < 2e-12, "\(row): \(slope)")
    }
  }

  @Test func beta() throws {
    let rows = try Self.load().beta
    #expect(rows.count > 200)
    let slopes = betaLogitSlopes(
      Self.column(0, of: rows), Self.column(1, of: rows), Self.column(2, of: rows))
    for (index, row) in rows.enumerated() {
      let (byA, byB) = (slopes.a[index].scalar(), slopes.b[index].scalar())
      #expect((byA / row[3] - 1).magnitude < 5e-12, "\(row): \(byA)")
      #expect((byB / row[4] - 1).magnitude < 5e-12, "\(row): \(byB)")
    }
  }

  /// What a draw passes on is its slope, whatever the draw, and half a unit in the last place of single
  /// precision is all that is lost there.
  @Test func drawsPassItOn() throws {
    let rows = try Self.load().gamma.filter { $0[1] > -80 && $0[0] < 1e5 }
    let key = RandomKey(1).tensor
    let a = Self.column(0, of: rows)
    let logX = Self.column(1, of: rows)
    let ct = Cotangent(Tensor.ones(a.shape))
    let logs = RandomDraw.logGamma.vjp(ct, [key, a], logX)[1]
    let draws = RandomDraw.gamma.vjp(ct, [key, a], exp(logX))[1]
    expectClose(
      try #require(logs?.tensor), rows.map { $0[2] }, within: .relative(2e-12), "logarithms")
    // As a function of x the slope inherits the rounding of x.
    expectClose(
      try #require(draws?.tensor), rows.map { $0[2] * exp($0[1]) }, within: .relative(2e-12))
    let narrow = logGammaDrawSlope(a.cast(to: .float32), logX.cast(to: .float32))
    let wide = logGammaDrawSlope(
      a.cast(to: .float32).cast(to: .float64), logX.cast(to: .float32).cast(to: .float64))
    #expect(narrow.dtype == .float32)
    expectClose(narrow.array(), wide.cast(to: .float32).array(), within: .bits)
  }

  /// The derivatives of distribution functions and quantiles by the parameters are made of them.
  @Test func functionsUseThem() throws {
    let golden = try Self.load()
    for row in golden.gamma where row[1] > -80 && row[0] < 300 {
      let (a, x) = (Tensor(row[0]), exp(row[1]))
      let slope = gradient(of: gammainc(a, Tensor(x)), withRespectTo: a).scalar()
      let density = exp(row[0] * row[1] - x - lgamma(row[0]))
      #expect((slope + density * row[2]).magnitude <= 1e-11 * (density * row[2]) + 1e-300, "\(row)")
    }
    for row in golden.beta where row[2].magnitude < 30 && max(row[0], row[1]) < 300 {
      let (a, b, v) = (Tensor(row[0]), Tensor(row[1]), Tensor(row[2]))
      let slopes = gradient(of: betaincOfLogit(a, b, v), withRespectTo: [a, b]).map { $0.scalar() }
      let logBeta = lgamma(row[0]) + lgamma(row[1]) - lgamma(row[0] + row[1])
      let density = exp(
        -row[0] * log1p(exp(-row[2])) - row[1] * log1p(exp(row[2])) - logBeta)
      for (slope, expected) in zip(slopes, row[3...]) {
        let change = -density * expected
        #expect((slope - change).magnitude <= 1e-11 * change.magnitude + 1e-300, "\(row)")
      }
    }
  }

  @Test func shapes() {
    let (a, b) = (Tensor([0.5, 2, 7]), Tensor([[1.0], [4]]))
    let slopes = betaLogitSlopes(a, b, 0.3)
    #expect(slopes.a.shape == [2, 3] && slopes.b.shape == [2, 3])
    let one = betaLogitSlopes(Tensor(2.0), Tensor(4.0), Tensor(0.3))
    #expect(slopes.a[1][1].scalar() == one.a.scalar() && slopes.b[1][1].scalar() == one.b.scalar())
    #expect(logGammaDrawSlope(b, a).shape == [2, 3])
    #expect(gammaDrawSlope(Tensor(2.0), Tensor(0.0)).scalar() == 0)
    #expect(betaDrawSlopes(2, 3, Tensor([0.0, 1])).a.array() == [0, 0])
  }
}
