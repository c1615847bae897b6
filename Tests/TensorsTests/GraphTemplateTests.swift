import TestSupport
import Testing

@testable import Tensors

/// A template matches the graphs whose keys equal its own, and no others.
@Suite struct GraphTemplateTests {
  private func outputs(structure: Int, values: Int) -> [Tensor] {
    var generator = GraphGenerator(structure: structure, values: values, size: .small)
    return generator.make(steps: 14)
  }

  private func template(_ outputs: [Tensor]) -> (template: GraphTemplate, key: GraphKey) {
    let graph = TracedGraph(outputs)
    return (graph.template, graph.key)
  }

  @Test func `the same structure with other values matches`() throws {
    var compared = 0
    for seed in 0..<300 {
      let (template, key) = template(outputs(structure: seed, values: 1))
      for values in [2, 3] {
        let other = outputs(structure: seed, values: values)
        let order = GraphOrder(other.map(\.node))
        guard GraphKey(order, outputs: other.map(\.node)) == key else { continue }
        compared += 1
        let nodes = try #require(template.match(other.map(\.node)), "graph \(seed)")
        let sorted = order.nodes.map { Unmanaged.passUnretained($0).toOpaque() }
        #expect(nodes.map { $0.toOpaque() } == sorted, "graph \(seed): another order")
      }
    }
    #expect(compared > 300, "only \(compared) graphs had the same structure")
  }

  @Test func `another structure does not match`() {
    let graphs = (0..<60).map { outputs(structure: $0, values: 1) }
    let templates = graphs.map(template)
    for (first, one) in templates.enumerated() {
      for (second, graph) in graphs.enumerated() {
        let nodes = graph.map(\.node)
        let isSame = GraphKey(GraphOrder(nodes), outputs: nodes) == one.key
        #expect((one.template.match(nodes) != nil) == isSame, "graphs \(first) and \(second)")
      }
    }
  }

  /// Each differs from the first in one thing.
  private static func variants(_ x: Tensor, _ y: Tensor) -> [(name: String, outputs: [Tensor])] {
    let single = x.cast(to: .float32).detached()
    return [
      ("plain", [exp(x) * y + 2.5, y]),
      ("operation", [log(x) * y + 2.5, y]),
      ("inputs changed over", [y * exp(x) + 2.5, y]),
      ("shared input", [exp(x) * x + 2.5, y]),
      ("telltale literal", [exp(x) * y + 1, y]),
      ("other telltale literal", [exp(x) * y + 0, y]),
      ("one output", [exp(x) * y + 2.5]),
      ("three outputs", [exp(x) * y + 2.5, y, y]),
      ("other output", [exp(x) * y + 2.5, x]),
      ("dtype", [exp(single) * y + 2.5, y]),
      ("shape", [exp(x) * y.expandingDims(at: 0) + 2.5, y]),
      ("attribute", [(exp(x) * y + 2.5).reshaped(to: [3, 1]), y]),
      ("other attribute", [(exp(x) * y + 2.5).reshaped(to: [1, 3]), y]),
      ("first part", [(exp(x) * y + 2.5).slice(0..<2), y]),
      ("last part", [(exp(x) * y + 2.5).slice(1..<3), y]),
      ("deeper", [exp(-x) * y + 2.5, y]),
    ]
  }

  @Test func `one difference is enough`() {
    let x: Tensor = [0.5, 1.5, 2.5]
    let y: Tensor = [3, 4, 5]
    let u: Tensor = [7, 8, 9]
    let v: Tensor = [-1, -2, -3]
    let templates = Self.variants(x, y).map { ($0.name, template($0.outputs).template) }
    let others = Self.variants(u, v)
    for (number, (name, template)) in templates.enumerated() {
      for (index, other) in others.enumerated() {
        let matches = template.match(other.outputs.map(\.node)) != nil
        #expect(matches == (index == number), "\(name) against \(other.name)")
      }
    }
  }

  /// Whether a leaf is evaluated is part of the structure: an argument of a plan must have a value.
  @Test func `a value makes a difference`() {
    let x: Tensor = [0.5, 1.5]
    let pending = exp(x)
    let template = template([pending * 2.5]).template
    let evaluated = exp(x)
    eval(evaluated)
    #expect(template.match([(evaluated * 2.5).node]) == nil)
  }

  @Test func `a plan found by its template computes with the new values`() {
    let cache = PlanCache()
    func value(_ x: Tensor, _ y: Tensor) -> [Double] {
      let output = exp(x) * y + 2.5
      let graph = TracedGraph([output], cache: cache)
      let plan = cache.plan(for: graph) { graph.plan([output], extra: []) }
      let results = plan.run(graph.values(plan, extra: []))
      return Tensor(storage: results[0], shape: output.shape, dtype: .float64).array()
    }
    expectClose(value([0, 1], [1, 2]), [3.5, 2 * 2.718281828459045 + 2.5], within: .ulps(1))
    expectClose(value([1, 0], [3, 4]), [3 * 2.718281828459045 + 2.5, 6.5], within: .ulps(1))
    // Another structure, and back.
    #expect(value([0], [1]) == [3.5])
    #expect(value([0, 0], [5, 6]) == [7.5, 8.5])
  }
}
