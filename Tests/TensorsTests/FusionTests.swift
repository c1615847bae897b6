import TestSupport
import Testing

@testable import Tensors

/// A planned graph has the values of its nodes evaluated one at a time.
@Suite struct FusionTests {
  private func check(
    _ range: Range<Int>, _ size: GraphGenerator.Size, steps: Int, tolerance: ([Double]) -> Tolerance
  ) {
    for seed in range {
      // A second time with other values: the plan is found again.
      for values in [seed, seed + 1] {
        var fused = GraphGenerator(structure: seed, values: values, size: size)
        var single = GraphGenerator(structure: seed, values: values, size: size)
        let outputs = fused.make(steps: steps)
        let expected = evaluatedSingly(single.make(steps: steps))
        eval(outputs)
        for (number, (output, value)) in zip(outputs, expected).enumerated() {
          expectClose(
            output.array(), value, within: tolerance(value),
            "graph \(seed), values \(values), output \(number)")
        }
      }
    }
  }

  @Test(arguments: 0..<8)
  func `small graphs keep every bit`(_ part: Int) {
    check(part * 150..<(part + 1) * 150, .small, steps: 8 + 4 * part) { _ in .bits }
  }

  @Test(arguments: 0..<4)
  func `large graphs differ by the order of sums alone`(_ part: Int) {
    check(50_000 + part * 40..<50_000 + (part + 1) * 40, .large, steps: 8 + 4 * part) { value in
      let largest = value.lazy.map(\.magnitude).filter(\.isFinite).max() ?? 0
      return .relative(1e-12, absolute: 1e-12 * max(1, largest))
    }
  }

  @Test(arguments: 0..<4)
  func `compiled graphs keep every bit`(_ part: Int) throws {
    for seed in part * 50..<(part + 1) * 50 {
      var eager = GraphGenerator(structure: seed, values: seed)
      let outputs = eager.make(steps: 20)
      let leaves = eager.leaves
      let function = try compile(for: leaves) { substitute(outputs, Array(zip(leaves, $0))) }
      eval(outputs)
      for (output, replayed) in zip(outputs, function(leaves)) {
        expectClose(replayed, output, "graph \(seed)")
      }
    }
  }

  @Test(arguments: 0..<4)
  func `batched graphs equal a loop`(_ part: Int) {
    for seed in part * 50..<(part + 1) * 50 {
      var graph = GraphGenerator(structure: seed, values: seed)
      let outputs = graph.make(steps: 10)
      let leaf = graph.leaves[seed % 3]
      let others = [seed + 7, seed + 8].map { values -> (Tensor, [Tensor]) in
        var graph = GraphGenerator(structure: seed, values: values)
        _ = graph.make(steps: 10)
        let other = graph.leaves[seed % 3]
        return (other, substitute(outputs, [(leaf, other)]))
      }
      let results = batch(outputs, over: leaf, values: stack(others.map(\.0)))
      for (index, (_, expected)) in others.enumerated() {
        for (number, value) in expected.enumerated() {
          expectClose(
            results[number][index], value, within: .relative(1e-9, absolute: 1e-9),
            "graph \(seed), output \(number), entry \(index)")
        }
      }
    }
  }
}
