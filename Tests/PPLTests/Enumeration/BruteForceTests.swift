import TestSupport
import Testing

@testable import PPL

/// Random programs against sums over all assignments of values.
@Suite struct BruteForceTests {
  /// The bound and its derivative along a random direction of all logits; whether there is a bound.
  private static func compare(_ program: RandomProgram, _ seed: Int) throws -> Bool {
    let logits = Tensor(program.logits)
    let elbo: Tensor
    do {
      elbo = try enumeratedELBO({ program.model(logits) }, { program.guide(logits) })
    } catch EnumerationError.joinsCopies(let name, let others, _) {
      #expect(program.joinsCopies(of: name, by: others), "seed \(seed)")
      return false
    }
    var exact = BruteForce(program)
    expectClose(
      [elbo.scalar()], [exact.elbo(program.logits)],
      within: .relative(1e-12, absolute: 1e-12), "seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let direction = generator.signed(program.logits.count, magnitude: 0.3...1)
    let gradient = gradient(of: elbo, withRespectTo: logits).array()
    let expected = slope(1e-2) { step in
      exact.elbo(zip(program.logits, direction).map { $0 + step * $1 })
    }
    expectClose(
      [zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }], [expected],
      within: .relative(1e-9, absolute: 1e-9), "seed \(seed)")
    return true
  }

  @Test(arguments: 0..<8) func plates(_ block: Int) throws {
    let compared = try (block * 40..<block * 40 + 40).count(where: {
      try Self.compare(RandomProgram(seed: $0), $0)
    })
    #expect(compared > 20, "\(compared)")
  }

  /// Chains whose steps are looped, and the same ones unrolled.
  @Test(arguments: 0..<8) func chains(_ block: Int) throws {
    var looped = 0
    for seed in block * 10..<block * 10 + 10 {
      let program = RandomProgram.chain(seed: seed, isMarked: true)
      #expect(try Self.compare(program, seed))
      #expect(try Self.compare(RandomProgram.chain(seed: seed, isMarked: false), seed))
      looped += try Self.loops(program)
    }
    #expect(looped == 10, "\(looped)")
  }

  /// The number of chains that are summed by a loop.
  private static func loops(_ program: RandomProgram) throws -> Int {
    let logits = Tensor(program.logits)
    let run = try seeded(key: RandomKey(0)) {
      try TraceEnumELBO().run({ program.model(logits) }, { program.guide(logits) })
    }
    let graph = try FactorGraph(run)
    return try FactorGraph.components(graph.model, graph.isModel).reduce(0) {
      try $0 + MarkovSum.find(in: $1, graph).count
    }
  }
}
