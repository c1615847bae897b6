import Foundation
import TestSupport
import Testing

@testable import PPL

/// Posteriors of random programs against sums over all assignments of values.
@Suite struct DiscretePosteriorTests {
  /// Programs of a few variables; those of more take long to sum.
  private static func programs(_ seeds: Range<Int>) -> [RandomProgram] {
    seeds.map { RandomProgram(seed: $0, isModelOnly: true) }
      + seeds.prefix(8).map { RandomProgram.chain(seed: $0, isMarked: true) }.filter {
        !$0.nodes.contains { node in if case .guide = node.role { true } else { false } }
      }
  }

  @Test func marginals() throws {
    for (number, program) in Self.programs(0..<40).enumerated() {
      let logits = Tensor(program.logits)
      let posterior = try seeded(key: RandomKey(0)) {
        try DiscretePosterior { program.model(logits) }
      }
      var exact = BruteForce(program)
      let all = exact.posterior(program.logits)
      for node in program.nodes {
        guard case .model = node.role else {
          #expect(posterior.marginal(node.name) == nil)
          continue
        }
        let copies = node.plates.reduce(1) { $0 * $1.size }
        var expected = [Double](repeating: 0, count: copies * node.count)
        for (values, probability) in all {
          for (copy, value) in (values[node.name] ?? []).enumerated() {
            expected[copy * node.count + value] += probability
          }
        }
        let marginal = try #require(posterior.marginal(node.name))
        #expect(marginal.batchShape == Shape(node.plates.reversed().map(\.size)))
        expectClose(
          marginal.probs.array(), expected, within: .relative(1e-10, absolute: 1e-13),
          "program \(number), \(node.name)")
      }
      if program.modelScale == 1 {
        expectClose(
          [posterior.logEvidence.scalar()], [exact.elbo(program.logits)],
          within: .relative(1e-12, absolute: 1e-12))
      }
    }
  }

  @Test func modes() throws {
    for (number, program) in Self.programs(0..<40).enumerated() {
      let logits = Tensor(program.logits)
      let mode = try seeded(key: RandomKey(0)) {
        try DiscretePosterior { program.model(logits) }.mode()
      }
      var exact = BruteForce(program)
      let best = try #require(
        exact.posterior(program.logits).max { $0.probability < $1.probability })
      #expect(
        mode.mapValues { $0.array().map { Int($0) } } == best.values, "program \(number)")
    }
  }

  /// Frequencies of 20,000 joint draws: |z| < 6 for each of some 1,000 cells fails for one seed in
  /// half a million.
  @Test func draws() throws {
    let count = 20_000
    for (number, program) in Self.programs(0..<16).enumerated() {
      var exact = BruteForce(program)
      let all = exact.posterior(program.logits)
      if all.count > 100 { continue }
      let key = Tensor.traced(RandomKey.host(0).tensor, TraceRecorder())
      let values = try seeded(key: RandomKey(tensor: key)) {
        try DiscretePosterior { program.model(Tensor(program.logits)) }
          .sample(key: RandomKey(tensor: key))
      }
      let names = values.keys.sorted()
      let keys = Tensor((0..<count).map { Int(RandomKey.hostFoldIn(5, $0)) })
      let drawn = batch(names.compactMap { values[$0] }, over: key, values: keys).map { $0.array() }
      var counts: [[String: [Int]]: Int] = [:]
      for draw in 0..<count {
        var each: [String: [Int]] = [:]
        for (name, all) in zip(names, drawn) {
          let width = all.count / count
          each[name] = all[draw * width..<(draw + 1) * width].map { Int($0) }
        }
        counts[each, default: 0] += 1
      }
      for (values, probability) in all {
        let expected = Double(count) * probability
        let sd = (expected * (1 - probability)).squareRoot()
        let seen = Double(counts[values] ?? 0)
        #expect((seen - expected).magnitude < 6 * sd + 3, "program \(number): \(values)")
      }
    }
  }

  /// Values of the site's own kind, in the shape of a draw.
  @Test func kindsOfValues() throws {
    func model() {
      plate("rows", 3) {
        let z = sample("z", OneHotCategorical(probs: [0.2, 0.3, 0.5]), infer: .enumerate())
        let w = sample("w", Binomial(3, probs: 0.4), infer: .enumerate())
        sample("x", Normal((z * [0, 5, 10]).sum(axis: -1) + w, 0.1), observed: [5, 12, 0])
      }
    }
    let posterior = try DiscretePosterior(model)
    let mode = try posterior.mode()
    #expect(mode["z"]?.rows() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    #expect(mode["w"]?.array() == [0, 2, 0])
    let draw = try posterior.sample(key: RandomKey(1))
    #expect(draw["z"]?.rows() == mode["z"]?.rows() && draw["w"]?.array() == [0, 2, 0])
    let values = try #require(mode["w"])
    let record = try seeded(key: RandomKey(0)) { try trace { substitute(["w": values], model) } }
    #expect(record["w"]?.value?.array() == [0, 2, 0])
  }

  /// A long chain: the smoothed states by the forward and backward recursions in plain loops.
  @Test func smoothing() throws {
    let (steps, stay) = (200, 0.9)
    let data = (0..<steps).map { Double($0 / 37 % 2) + 0.8 * sin(Double($0 * $0)) }
    let transition = Tensor([[stay, 1 - stay], [1 - stay, stay]])
    let posterior = try DiscretePosterior {
      var state = Tensor(0)
      markov(0..<steps) { step in
        state = sample("z\(step)", Categorical(probs: transition[state]), infer: .enumerate())
          .cast(to: .int64)
        sample("x\(step)", Normal(state.cast(to: .float64), 0.7), observed: Tensor(data[step]))
      }
    }
    func emission(_ step: Int, _ state: Int) -> Double {
      exp(normalLogDensity(data[step], Double(state), 0.7))
    }
    func next(_ from: Int, _ to: Int) -> Double { from == to ? stay : 1 - stay }
    var forward: [[Double]] = [[1, 0]]
    for step in 0..<steps {
      let last = forward[step]
      let message = (0..<2).map { to in
        (last[0] * next(0, to) + last[1] * next(1, to)) * emission(step, to)
      }
      forward.append(message.map { $0 / (message[0] + message[1]) })
    }
    var backward = [1.0, 1]
    var smoothed = [Double](repeating: 0, count: steps)
    for step in (0..<steps).reversed() {
      let joint = (0..<2).map { forward[step + 1][$0] * backward[$0] }
      smoothed[step] = joint[1] / (joint[0] + joint[1])
      let message = (0..<2).map { from in
        (0..<2).reduce(0) { $0 + next(from, $1) * emission(step, $1) * backward[$1] }
      }
      backward = message.map { $0 / (message[0] + message[1]) }
    }
    let marginals = (0..<steps).map { posterior.marginal("z\($0)")?.probs[1] ?? 0 }
    expectClose(stack(marginals).array(), smoothed, within: .relative(1e-9))
  }
}
