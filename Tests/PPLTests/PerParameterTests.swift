import TestSupport
import Testing

@testable import PPL

@Suite struct PerParameterTests {
  @Test(arguments: [
    ("scale", "scale", true), ("scale", "scal", false), ("scale", "", false), ("", "", true),
    ("scale", "*", true), ("", "*", true), ("scale", "s*", true), ("scale", "*e", true),
    ("scale", "*x", false), ("scale", "x*", false), ("scale", "s*e", true),
    ("scale", "sc*c", false),
    ("net.0.bias", "net.*.bias", true), ("net.bias", "net.*.bias", false),
    ("net..bias", "net.*.bias", true), ("aXbXc", "a*X*c", true), ("aXc", "a*X*X*c", false),
    ("abab", "*ab", true), ("aba", "ab*ba", false), ("a", "a**", true), ("ab", "a*b*", true),
    ("net.0", "net?0", false), ("größe.ä", "gr*.ä", true),
  ])
  func patterns(_ name: String, _ pattern: String, _ expected: Bool) {
    #expect(PerParameter.matches(name, pattern) == expected)
  }

  private static func named(_ sizes: KeyValuePairs<String, Int>) -> [ParameterRange] {
    var start = 0
    return sizes.map { name, count in
      defer { start += count }
      return ParameterRange(name: name, range: start..<start + count)
    }
  }

  /// The first rule that matches counts, and the default for the rest.
  @Test func firstMatch() {
    let rule = PerParameter(["a": SGD(1), "*": SGD(2), "b": SGD(3)], default: SGD(4))
      .resolved(for: Self.named(["b": 1, "a": 2]))
    #expect(rule.path(from: [0, 0, 0], [[1, 1, 1]])[0].array() == [-2, -1, -1])
    let other = PerParameter(["a": SGD(1)], default: SGD(4))
      .resolved(for: Self.named(["b": 1, "a": 2]))
    #expect(other.path(from: [0, 0, 0], [[1, 1, 1]])[0].array() == [-4, -1, -1])
    #expect(
      PerParameter(["a": SGD(1)], default: SGD(4)).path(from: [0, 0], [[1, 1]])[0].array()
        == [-4, -4])
  }

  /// Every part moves as it would alone under its own rule, whatever lies between.
  @Test func partsMoveAsAlone() {
    let rules: [(pattern: String, rule: any Optimizer)] = [
      ("a*", Adam(0.1)), ("b*", SGD(0.2, momentum: 0.9)), ("c*", Adam(0.01).averaged(from: 2)),
      ("n*", SGD(0.3, momentum: 0.4).clipped(norm: 2)), ("", RMSProp(0.05, momentum: 0.2)),
    ]
    let parameters = Self.named([
      "a1": 3, "b1": 2, "b2": 1, "other": 4, "a2": 1, "n1": 2, "c": 5, "n2": 3, "a3": 2,
    ])
    let whole = PerParameter(
      [
        "a*": rules[0].rule, "b*": rules[1].rule, "c*": rules[2].rule, "n*": rules[3].rule,
        "never": Adagrad(1),
      ], default: rules[4].rule
    ).resolved(for: parameters)
    var generator = SeededGenerator(seed: 8)
    let start = generator.uniform(23, in: -2...2)
    let gradients = (0..<6).map { _ in generator.uniform(23, in: -5...5) }
    let path = whole.path(from: start, gradients)
    for (pattern, rule) in rules {
      let indices = parameters.filter {
        $0.name.prefix(1) == (pattern == "" ? "o" : pattern.prefix(1))
      }
      .flatMap { Array($0.range) }
      func part(_ vector: [Double]) -> [Double] { indices.map { vector[$0] } }
      let alone = rule.path(from: part(start), gradients.map(part))
      for (step, values) in path.enumerated() {
        #expect(part(values.array()) == alone[step].array(), "\(pattern), step \(step)")
      }
    }
  }

  /// Combinators pass the names on, and rules may be nested.
  @Test func nesting() {
    let inner = PerParameter(["*.y": SGD(2)], default: SGD(1))
    let rule = PerParameter(["a.*": inner], default: SGD(0)).clipped(value: 3).averaged(from: 0)
      .resolved(for: Self.named(["b.y": 1, "a.x": 1, "c": 2, "a.y": 2]))
    let path = rule.path(from: [0, 0, 0, 0, 0, 0], [[1, 1, 1, 1, 1, 5], [1, 1, 1, 1, 1, 5]])
    #expect(path[0].array() == [0, -1, 0, 0, -2, -6])
    #expect(path[1].array() == [0, -1.5, 0, 0, -3, -9])
  }

  /// A state grows at the end of each rule's part; what was there stays.
  @Test func growth() {
    let chosen = PerParameter(
      ["a*": SGD(0.1, momentum: 0.5), "z": Adam(1)],
      default: Adam(0.2).averaged(from: 0)
    ).clipped(norm: 1e9)
    let before = Self.named(["a1": 2, "b": 1])
    let after = Self.named(["a1": 2, "b": 1, "c": 2, "a2": 1, "z": 1])
    let rule = chosen.resolved(for: before)
    let (moved, state) = rule.update(
      Tensor([1.0, 2, 3]), Tensor([0.5, 0.6, 0.7]), rule.initialState(Tensor([1.0, 2, 3])),
      step: 0)
    // Velocity of a; both moments of z, which there is not yet; moments and mean of b.
    #expect(state.map(\.count) == [2, 0, 0, 1, 1, 1])
    let larger = concat([moved, Tensor([7.0, 8, 9, 10])])
    let grown = chosen.resolved(for: after).grown(state, for: larger)
    #expect(grown.map(\.count) == [3, 1, 1, 3, 3, 3])
    #expect(grown[0].array() == [0.5, 0.6, 0])
    #expect(grown[1].array() == [0])
    expectClose(grown[3], [0.07, 0, 0], within: .relative(1e-14))
    #expect(grown[5].array() == [moved.array()[2], 7, 8])
    // Without new parameters nothing changes; what is no vector of all never does.
    let same = chosen.resolved(for: before).grown(state, for: moved)
    #expect(same.map { $0.array() } == state.map { $0.array() })
  }

  private static func fit(_ optimizer: some Optimizer) throws -> SVI {
    try SVI(
      {
        let z = sample("z", Normal(0, 1))
        sample(
          "x", Normal(z, param("noise", Tensor([1.5], shape: []), constraint: .positive)),
          observed: 2)
      }, DiagonalNormalGuide(), optimizer: optimizer, seed: 3)
  }

  /// A rate of zero keeps a parameter, in steps and in runs; the rest moves.
  @Test func fixedParameters() throws {
    let svi = try Self.fit(PerParameter(["auto_scale": Adam(0)], default: Adam(0.1)))
    let start = svi.parameters.values
    for _ in 0..<5 { try svi.step() }
    try svi.run(steps: 20, showsProgress: false)
    for name in svi.parameters.names {
      #expect((svi.parameters.values[name] == start[name]) == (name == "auto_scale"), "\(name)")
    }
  }

  /// With one rule for all the fit is that of the rule alone.
  @Test func oneForAll() throws {
    let (alone, grouped) = (
      try Self.fit(Adam(0.1)), try Self.fit(PerParameter(["auto*": Adam(0.1)], default: Adam(0.1)))
    )
    try alone.run(steps: 25, showsProgress: false)
    try grouped.run(steps: 25, showsProgress: false)
    #expect(alone.parameters.values.bits == grouped.parameters.values.bits)
  }

  /// A parameter that comes late finds its rule, and leaves the others' state alone.
  @Test func lateParameters() throws {
    func make(always: Bool) throws -> SVI {
      try SVI(
        { _ = sample("z", Normal(3, 1)) },
        guide: {
          let loc = param("loc", Tensor([-0.5], shape: []))
          let isLate = loc.scalar() > 0
          if always || isLate {
            let extra = param("extra", Tensor([0.3, 0.4]))
            let fixed = param("fixed", Tensor([0.1]))
            if isLate { factor("pull", square(extra - 2).sum() + square(fixed - 1).sum()) }
          }
          sample("z", Normal(loc, 0.5))
        },
        optimizer: PerParameter(
          ["extra": SGD(0.1, momentum: 0.5), "fixed": SGD(0)], default: Adam(0.1)
        ).averaged(from: 3), seed: 2)
    }
    let (late, early) = (try make(always: false), try make(always: true))
    #expect(late.parameters.names == ["loc"])
    try late.run(steps: 60, showsProgress: false)
    for _ in 0..<60 { try early.step() }
    #expect(late.parameters.names == ["loc", "extra", "fixed"])
    for name in late.parameters.names {
      expectClose(
        late.parameters.values[name] ?? [], early.parameters.values[name] ?? [],
        within: .relative(1e-12), name)
    }
    #expect(late.parameters.values["fixed"] == [0.1])
    #expect(try #require(late.parameters.values["extra"]).allSatisfy { $0 > 1.5 && $0 < 2.5 })
  }
}
