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

  // MARK: Markov chains

  @Test func convergenceOfEveryElement() throws {
    let golden = try DiagnosticsGolden.load().chains
    let (one, other) = (golden[0].tensor, golden[1].tensor.slice(0..<100, along: 1))
    let summary = Summary(chains: [("a", one), ("b", stack([other, one], along: 2))])
    #expect(summary.rows.map(\.name) == ["a", "b[0]", "b[1]"])
    for (name, draws) in [("a", one), ("b[0]", other), ("b[1]", one)] {
      let row = try #require(summary[name])
      let pooled = try #require(Summary([("x", draws.flattened())])["x"])
      #expect([row.mean, row.standardDeviation] == [pooled.mean, pooled.standardDeviation])
      #expect(row.quantiles == pooled.quantiles)
      let convergence = try #require(row.convergence)
      expectClose(monteCarloStandardError(draws), [convergence.standardError])
      expectClose(effectiveSampleSize(draws, .bulk), [convergence.bulkESS])
      expectClose(effectiveSampleSize(draws, .tail), [convergence.tailESS])
      expectClose(rHat(draws), [convergence.rHat])
    }
  }

  @Test func fewDrawsHaveNoConvergence() throws {
    let summary = Summary(chains: [("x", Tensor([1.0, 2, 3, 4], shape: [2, 2]))])
    let convergence = try #require(summary["x"]?.convergence)
    #expect(summary["x"]?.mean == 2.5)
    #expect(convergence.rHat.isNaN && convergence.bulkESS.isNaN)
  }

  /// The correlation of x and y is 0, the sd of the posterior √½; 4 · 500 draws.
  @Test func ofASampler() throws {
    func model() {
      let x = sample("x", Normal(0, 1))
      sample("y", Normal(x, 1), observed: 0)
    }
    let result = try MCMC(model, warmup: 300, samples: 500, chains: 4).run()
    let row = try #require(result.summary()["x"])
    let convergence = try #require(row.convergence)
    #expect(abs(row.standardDeviation - 0.5.squareRoot()) < 0.06)
    #expect(convergence.rHat < 1.02 && convergence.bulkESS > 300)
    #expect(abs(row.mean) < 4.9 * convergence.standardError)
  }

  private static let chained = Summary([
    .init(
      "x[0, 1]", 0.5, 1, [-1, 0.5, 2],
      convergence: .init(standardError: 0.0125, bulkESS: 6400.2, tailESS: 512, rHat: 1.0004)),
    .init(
      "tau", 100, 0.25, [1, 2, 3],
      convergence: .init(standardError: 1, bulkESS: .nan, tailESS: 7, rHat: 1.5)),
  ])

  @Test func theTableOfChainsIsAligned() {
    #expect(
      Self.chained.description == """
        site           mean        sd        5%       50%       95%      mcse  ess_bulk  ess_tail     r_hat
        x[0, 1]       0.500     1.000    -1.000     0.500     2.000     0.013      6400       512     1.000
        tau         100.000     0.250     1.000     2.000     3.000     1.000       nan         7     1.500
        """)
  }

  @Test func commaSeparatedValues() {
    #expect(
      Self.chained.csv == """
        site,mean,sd,5%,50%,95%,mcse,ess_bulk,ess_tail,r_hat
        "x[0, 1]",0.5,1.0,-1.0,0.5,2.0,0.0125,6400.2,512.0,1.0004
        tau,100.0,0.25,1.0,2.0,3.0,1.0,nan,7.0,1.5

        """)
    let plain = Summary([.init("a \"b\"", 1, 2, [0.1, 0.2, 1e-20])])
    #expect(plain.csv == "site,mean,sd,5%,50%,95%\n\"a \"\"b\"\"\",1.0,2.0,0.1,0.2,1e-20\n")
  }
}
