import PPL
import TestSupport
import Testing

@Suite struct SummaryTests {
  @Test func statisticsOfKnownDraws() throws {
    let draws = Tensor([3.0, 1, 2, 5, 4])
    let row = try #require(Summary([("x", draws)])["x"])
    #expect(row.mean == 3)
    #expect(row.standardDeviation == 2.5.squareRoot())
    expectClose(row.quantiles, [1.2, 3, 4.8], within: .ulps(2))
  }

  @Test func everyElementHasARow() {
    let (count, shape): (Int, Shape) = (7, [2, 3])
    let values = (0..<count * 6).map { Double($0 % 6) }
    let matrix = Tensor(values, shape: [count] + shape)
    let vector = Tensor((0..<count * 2).map { Double(10 + $0 % 2) }, shape: [count, 2])
    let summary = Summary([("m", matrix), ("v", vector), ("s", Tensor.ones([count]))])
    #expect(
      summary.rows.map(\.name) == [
        "m[0, 0]", "m[0, 1]", "m[0, 2]", "m[1, 0]", "m[1, 1]", "m[1, 2]", "v[0]", "v[1]", "s",
      ])
    #expect(summary.rows.map(\.mean) == [0, 1, 2, 3, 4, 5, 10, 11, 1])
    #expect(summary.rows.allSatisfy { $0.standardDeviation == 0 })
    #expect(summary["m[1, 2]"]?.quantiles == [5, 5, 5])
    #expect(summary["m"] == nil)
  }

  @Test func singlePrecisionIsSummedInDouble() throws {
    let draws = Tensor.full([100_000], 0.1, dtype: .float32)
    let row = try #require(Summary([("x", draws)])["x"])
    expectClose([row.mean], [Double(Float(0.1))], within: .relative(1e-14))
  }

  @Test func oneDraw() throws {
    let row = try #require(Summary([("x", Tensor([2.0]))])["x"])
    #expect(row == Summary.Row("x", 2, 0, [2, 2, 2]))
  }

  @Test func theTableIsAligned() {
    let summary = Summary([
      .init("mu", -1.25, 0.5, [-2, -1.25, 0]), .init("tau[10]", 100, 1, [1, 2, 3]),
    ])
    #expect(
      summary.description == """
        site           mean        sd        5%       50%       95%
        mu           -1.250     0.500    -2.000    -1.250     0.000
        tau[10]     100.000     1.000     1.000     2.000     3.000
        """)
  }
}
