import CTensorKernels
import TestSupport
import Testing

@testable import Tensors

@Suite struct ConcurrencyTests {
  private let taskCount = 8

  @Test func `tensors are evaluated from several tasks at once`() async {
    let x = Tensor([Double](repeating: 0.5, count: 5000))
    for round in 0..<20 {
      let shared = exp(x * Double(round)) + 1
      let total = shared.sum()
      let slope = gradient(of: total, withRespectTo: x)
      let results = await withTaskGroup(of: [Double].self, returning: [[Double]].self) { group in
        for number in 0..<taskCount {
          group.addTask {
            switch number % 3 {
            case 0: return total.array() + slope.array().prefix(1)
            case 1: return slope.array().prefix(1).reversed() + total.array()
            default: return (shared * 2).array().prefix(2).map { $0 / 2 }
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      let sum = total.scalar()
      let first = slope.array()[0]
      let element = shared.array()[0]
      for result in results {
        #expect(Set(result).isSubset(of: [sum, first, element]))
      }
    }
  }

  @Test func `one compiled function runs in several tasks at once`() async throws {
    let function = try compile(for: [Tensor.zeros([3000]), Tensor(0.0)]) { x in
      let loss = square(sin(x[0]) - x[1]).sum()
      return [loss, gradient(of: loss, withRespectTo: x[0])]
    }
    let x = Tensor((0..<3000).map { 1e-3 * Double($0) })
    let expected = (0..<taskCount).map {
      function([x, Tensor([Double($0)], shape: [])])[0].scalar()
    }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<taskCount {
        group.addTask {
          for _ in 0..<50 {
            let results = function([x, Tensor([Double(number)], shape: [])])
            #expect(results[0].scalar() == expected[number])
            #expect(results[1].count == 3000)
          }
        }
      }
    }
  }

  @Test func `graphs of one structure share a plan between tasks`() async {
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<taskCount {
        group.addTask {
          for step in 0..<50 {
            let x = Tensor([Double](repeating: Double(number + step), count: 700))
            #expect((x * 2 + 1).sum().scalar() == 700 * (2 * Double(number + step) + 1))
          }
        }
      }
    }
  }

  @Test func `random graphs are evaluated in parallel as alone`() async {
    let expected = (0..<24).map { seed -> [Double] in
      var graph = GraphGenerator(structure: seed, values: seed)
      return graph.make(steps: 15).flatMap { $0.array() }
    }
    await withTaskGroup(of: Void.self) { group in
      for seed in 0..<24 {
        group.addTask {
          var graph = GraphGenerator(structure: seed, values: seed)
          let outputs = graph.make(steps: 15)
          expectClose(
            outputs.flatMap { $0.array() }, expected[seed], within: .bits, "graph \(seed)")
        }
      }
    }
  }

  @Test func `a graph may be released from several tasks at once`() async {
    for _ in 0..<20 {
      var x = Tensor([1.0])
      var parts: [Tensor] = []
      for index in 0..<2000 {
        x = x + 1
        if index % 100 == 0 { parts.append(x) }
      }
      await withTaskGroup(of: Void.self) { group in
        for part in parts { group.addTask { _ = part.shape } }
        parts = []
      }
    }
  }
}

/// The number of threads does not change a bit. In a process of its own: the number is global.
@Suite struct ThreadCountTests {
  @Test func `results have the same bits from any number of threads`() async {
    await #expect(processExitsWith: .success) {
      func results() -> [[Double]] {
        let n = 300_000
        let key = RandomKey(3)
        let x = key.normal([n])
        let table = key.foldIn(1).normal([600, 500])
        var outputs = [
          x, x.sum(), square(x).mean(), exp(x).max(), x.cumulativeSum(), x.sorted(),
          table.sum(axis: 0), table.sum(axis: 1), table.logSumExp(axis: 1),
          table.logSumExp(axis: 0),
          gradient(of: (tanh(x) * x).sum(), withRespectTo: x),
          matmul(table, table.transposed()), key.uniform([3, n]).product(axes: [0]),
          concat([x, sin(x)])[0..<n + 5].sum(), lgamma(abs(x) + 1).sum(),
          (1 + 1e-3 * x).product(), exp(x * 1e-2).cumulativeProduct(),
          (1 + 1e-3 * table).product(axes: [0]),
        ]
        for seed in 50_000..<50_040 {
          var graph = GraphGenerator(structure: seed, values: seed, size: .large)
          outputs += graph.make(steps: 12)
        }
        return evaluatedAnew(outputs).values
      }
      ctk_set_thread_count(7)
      let expected = results()
      for threads in [1, 2, 3, 4] as [Int32] {
        ctk_set_thread_count(threads)
        for (number, (actual, wanted)) in zip(results(), expected).enumerated() {
          expectClose(actual, wanted, within: .bits, "output \(number), \(threads) threads")
        }
      }
    }
  }
}
