import Models
import PPL
import Testing

@Suite struct SiteTableTests {
  private static func model() {
    let rate = param("rate", Tensor([1.0, 2]), constraint: .positive)
    plate("groups", 3) {
      let w = sample("w", Dirichlet(Tensor([1.0, 1, 2])))
      plate("rows", 10, subsampleSize: 4) { _ in
        let z = sample("z", Normal(0, Tensor.ones([2])).toEvent(1))
        masked(true) { _ = sample("k", Bernoulli(probs: 0.3), observed: 1) }
        deterministic("sum", (w.sum() + z.sum() + rate.sum()))
      }
    }
    factor("penalty", -1)
  }

  @Test func rows() throws {
    let table = try shapes(of: Self.model)
    #expect(table.rows.map(\.name) == ["rate", "w", "z", "k", "sum", "penalty"])
    #expect(
      table.rows.map(\.kind) == [
        "param", "sample", "sample", "observed", "deterministic", "factor",
      ])
    let z = try #require(table["z"])
    #expect(z.batchShape == [4, 3] && z.eventShape == [2])
    #expect(z.plates == ["groups 3", "rows 4 of 10"])
    #expect(z.scale == 2.5 && z.distribution == "Normal")
    let w = try #require(table["w"])
    #expect(w.batchShape == [3] && w.eventShape == [3])
    #expect(w.support == Dirichlet(Tensor([1.0, 1])).support.description)
    #expect(table["k"]?.distribution == "Bernoulli")
    #expect(table["rate"]?.support == Constraint.positive.description)
    #expect(table["nothing"] == nil)
  }

  @Test func text() throws {
    let expected = """
      site    kind           distribution  support       plates     batch  event  scale
      mu      sample         Normal        real                     []     []
      tau     sample         HalfCauchy    non-negative             []     []
      eta     sample         Normal        real          schools 8  [8]    []
      theta   deterministic                              schools 8  []     [8]
      effect  observed       Normal        real          schools 8  [8]    []
      """
    let text = try "\(shapes(of: EightSchools.nonCentered))"
    #expect(text == expected)
  }

  @Test func duplicates() {
    #expect(throws: ModelError.self) {
      try shapes {
        sample("x", Normal(0, 1))
        sample("x", Normal(0, 1))
      }
    }
  }
}
