import TestSupport
import Testing

@testable import Tensors

/// Outputs that a plan lets be written over its arguments keep every bit, and all others do too.
@Suite struct OverwritingTests {
  /// A plan with its arguments, and its outputs written to memory of their own.
  private struct Subject {
    let plan: Plan
    let values: ArgumentValues
    let expected: [Storage]

    init(_ outputs: [Tensor]) {
      let graph = TracedGraph(outputs)
      plan = graph.plan(outputs, extra: [])
      values = graph.values(plan, extra: [])
      expected = plan.run(values)
    }

    /// The outputs if some are written over arguments: pairs of an output and its argument.
    func outputs(_ overwritten: [Int: Int]) -> [Storage] {
      let results = expected.map { Storage(byteCount: $0.byteCount) }
      return withExtendedLifetime(values) {
        var arguments = values.pointers
        for (output, argument) in overwritten {
          let memory = results[output].pointer
          memory.copyMemory(from: arguments[argument], byteCount: results[output].byteCount)
          arguments[argument] = memory
        }
        let instance = plan.takeInstance()
        instance.bind(arguments: arguments, outputs: results.map(\.pointer))
        instance.run()
        plan.giveBack(instance)
        return results
      }
    }

    /// For each argument an output that may be written over it, no output twice.
    var pairs: [Int: Int] {
      var result: [Int: Int] = [:]
      for argument in plan.arguments.indices {
        let output = expected.indices.first {
          result[$0] == nil && plan.mayOverwrite(argument: argument, with: $0)
        }
        if let output { result[output] = argument }
      }
      return result
    }
  }

  private func bytes(_ storages: [Storage]) -> [[UInt8]] {
    storages.map { Array(UnsafeRawBufferPointer(start: $0.pointer, count: $0.byteCount)) }
  }

  @Test(arguments: 0..<4)
  func `random graphs`(_ part: Int) {
    var count = 0
    for seed in part * 100..<(part + 1) * 100 {
      var generator = GraphGenerator(structure: seed, values: seed, size: .large)
      // The leaves are updated, as parameters are, beside whatever else the graph computes.
      let outputs = generator.make(steps: 6 + part)
      let updates = generator.leaves.map { leaf in
        outputs.reduce(leaf * 0.9) { sum, other in
          other.shape.broadcast(with: leaf.shape) == leaf.shape ? sum + other : sum
        }
      }
      let subject = Subject(outputs + updates)
      let pairs = subject.pairs
      count += pairs.count
      #expect(bytes(subject.outputs(pairs)) == bytes(subject.expected), "graph \(seed) \(pairs)")
    }
    #expect(count > 100)
  }
  /// A product row by row needs the whole vector, while the loop over the rows makes a new one.
  @Test func `products of a matrix and a vector`() {
    var generator = SeededGenerator(seed: 5)
    let matrix = Tensor(generator.uniform(1024 * 1024, in: -0.1...0.1), shape: [1024, 1024])
    let vector = Tensor(generator.uniform(1024, in: -1...1))
    let subject = Subject([tanh(matmul(matrix, vector)) + vector, 0.9 * vector])
    #expect(bytes(subject.outputs(subject.pairs)) == bytes(subject.expected))
  }

  /// A product made before its factor is written over must not be put off until the sum that uses it.
  @Test func `a product and its sum on either side of a write`() {
    let (a, b): (Tensor, Tensor) = ([0.5, -1.5, 2.5], [3, 4, 5])
    for isFirst in [false, true] {
      let later = exp(a)
      let subject = Subject([isFirst ? a * b + later : later + a * b, later])
      #expect(bytes(subject.outputs(subject.pairs)) == bytes(subject.expected), "\(isFirst)")
    }
  }
}
