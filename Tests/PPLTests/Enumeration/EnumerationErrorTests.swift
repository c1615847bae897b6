import Foundation
import PPL
import Testing

/// What cannot be summed over is refused, by an error that names the sites.
@Suite struct EnumerationErrorTests {
  private static func error(
    _ model: () -> Void, _ guide: () -> Void = {}
  ) -> EnumerationError? {
    #expect(throws: EnumerationError.self) { try enumeratedELBO(model, guide) }
  }

  @discardableResult
  private static func coin(_ name: String, _ probs: Tensor = 0.3) -> Tensor {
    sample(name, Bernoulli(probs: probs), infer: .enumerate())
  }

  @Test func withoutList() {
    let error = Self.error { sample("rate", Poisson(3), infer: .enumerate()) }
    #expect(error == .notEnumerable("rate", distribution: "Poisson"))
  }

  @Test func sequentialInModel() {
    let error = Self.error { sample("z", Bernoulli(probs: 0.3), infer: .enumerate(.sequential)) }
    #expect(error == .sequentialInModel("z"))
  }

  @Test func reads() {
    for isInGuide in [false, true] {
      func body() { if Self.coin("z").scalar() == 1 { sample("w", Bernoulli(probs: 0.2)) } }
      let error =
        isInGuide ? Self.error({ Self.coin("z") }, body) : Self.error(body)
      guard case .readsValue = error else {
        Issue.record("\(error.debugDescription)")
        continue
      }
    }
  }

  @Test func undeclaredBatch() {
    let error = Self.error { _ = Self.coin("z", [0.3, 0.4]) }
    #expect(error == .undeclaredBatch("z", batch: [2]))
    let inPlate = Self.error { plate("rows", 2) { _ = Self.coin("z", Tensor.full([3, 2], 0.3)) } }
    #expect(inPlate == .undeclaredBatch("z", batch: [3, 2]))
  }

  /// A tensor has eight axes.
  @Test func tooManyCauses() throws {
    func model(_ causes: Int) {
      let sum = (0..<causes).map { Self.coin("cause\($0)") }.reduce(Tensor(0), +)
      plate("rows", 2) { _ = sample("x", Normal(sum, 1), observed: [0.5, 1]) }
    }
    #expect(
      Self.error { model(8) }
        == .tooManyCauses("x", dependsOn: (0..<8).map { "cause\($0)" }))
    let elbo = try enumeratedELBO({ model(7) }, {})
    #expect(elbo.scalar().isFinite)
  }

  /// Values that are drawn take no axis.
  @Test func manyDrawnCauses() throws {
    func draws(_ probability: Double) -> Tensor {
      (0..<8).map { sample("drawn\($0)", Bernoulli(probs: Tensor(floatLiteral: probability))) }
        .reduce(Tensor(0), +)
    }
    let elbo = try enumeratedELBO(
      {
        let sum = draws(0.3) + Self.coin("cause")
        plate("rows", 2) { _ = sample("x", Normal(sum, 1), observed: [0.5, 1]) }
      }, { _ = draws(0.5) })
    #expect(elbo.scalar().isFinite)
  }

  @Test func leavesPlate() {
    let expected = EnumerationError.leavesPlate("x", dependsOn: "z", plate: "rows")
    func observe(_ z: Tensor) { sample("x", Normal(z.sum(), 1), observed: 1) }
    #expect(Self.error { observe(plate("rows", 3) { Self.coin("z") }) } == expected)
    let inGuide = Self.error {
      observe(plate("rows", 3) { sample("z", Bernoulli(probs: 0.2)) })
    } _: {
      plate("rows", 3) { _ = Self.coin("z") }
    }
    #expect(inGuide == expected)
  }

  /// Two plates that cross, and a variable of both that depends on one of each.
  @Test func plateNesting() {
    let error = Self.error {
      let a = plate("rows", 2, axis: -1) { Self.coin("a") }
      let b = plate("columns", 3, axis: -2) { Self.coin("b") }
      plate("rows", 2, axis: -1) {
        plate("columns", 3, axis: -2) {
          sample("x", Normal(a + b, 1), observed: Tensor.zeros([3, 2]))
        }
      }
    }
    #expect(error == .plateNesting(["a", "b"], plates: ["columns", "rows"]))
  }

  @Test func differentScales() {
    let error = Self.error {
      let a = Self.coin("a")
      plate("rows", 6, subsample: Tensor([0, 3])) {
        sample("x", Normal(a, 1), observed: [1, 2])
      }
    }
    #expect(error == .differentScales(["a": 1, "x": 3]))
  }

  /// Separate sums may have scales of their own.
  @Test func separateScales() throws {
    let elbo = try enumeratedELBO {
      sample("y", Normal(Self.coin("a"), 1), observed: 0.5)
      plate("rows", 6, subsample: Tensor([0, 3])) {
        sample("x", Normal(Self.coin("b"), 1), observed: [1, 2])
      }
    }
    func evidence(_ x: Double) -> Double {
      logSumExp([
        Foundation.log(0.7) + normalLogDensity(x, 0, 1),
        Foundation.log(0.3) + normalLogDensity(x, 1, 1),
      ])
    }
    let exact = evidence(0.5) + 3 * (evidence(1) + evidence(2))
    #expect((elbo.scalar() - exact).magnitude < 1e-12)
  }

  @Test func joinsCopies() {
    let error = Self.error {
      let a = Self.coin("a")
      plate("rows", 3) { _ = sample("b", Bernoulli(probs: 0.2 + 0.5 * a)) }
    } _: {
      plate("rows", 3) { _ = Self.coin("b") }
    }
    #expect(error == .joinsCopies(of: "b", by: ["a"], plate: "rows"))
  }

  @Test func longerHistory() {
    func chain(_ history: Int, _ body: (() -> Void) -> Void) {
      var states: [Tensor] = []
      markov(0..<6, history: history) { step in
        let back = states.suffix(2).reduce(0, +)
        states.append(Self.coin("z\(step)", 0.2 + 0.1 * back))
      }
    }
    let error = Self.error { chain(1) { $0() } }
    #expect(error == .longerHistory("z2", dependsOn: "z0", history: 1))
    #expect(throws: Never.self) { try enumeratedELBO { chain(2) { $0() } } }
  }

  /// What the guide leaves out and the model does not sum out is an error still.
  @Test func missingInGuide() throws {
    let error = #expect(throws: ModelError.self) {
      try enumeratedELBO {
        sample("z", Bernoulli(probs: 0.3))
        sample("y", Bernoulli(probs: 0.3), infer: .enumerate())
      }
    }
    guard case .missingInGuide("z", _, _) = error else {
      Issue.record("\(error.debugDescription)")
      return
    }
    let other = #expect(throws: ModelError.self) {
      try enumeratedELBO({ sample("x", Normal(0, 1), observed: 1) }, { Self.coin("z") })
    }
    guard case .missingInModel("z", _, _) = other else {
      Issue.record("\(other.debugDescription)")
      return
    }
  }

  /// Every message names what it is about.
  @Test func messages() {
    let errors: [EnumerationError] = [
      .notEnumerable("SITE", distribution: "D"), .sequentialInModel("SITE"), .readsValue("SITE"),
      .undeclaredBatch("SITE", batch: [2]), .leavesPlate("SITE", dependsOn: "z", plate: "p"),
      .plateNesting(["SITE", "y"], plates: ["p", "q"]), .differentScales(["SITE": 1, "y": 2]),
      .joinsCopies(of: "SITE", by: ["y"], plate: "p"),
      .longerHistory("SITE", dependsOn: "y", history: 1),
    ]
    for error in errors {
      #expect(error.description.contains("SITE") && error.description.count > 60, "\(error)")
    }
  }
}
