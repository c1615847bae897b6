import TestSupport
import Testing

@testable import Tensors

/// Solutions of Jᵀ g = r put into the equation, with J multiplied out from the network's weights.
@Suite struct NetworkSolveTests {
  /// A network of random weights at random points, and what is asked of it.
  struct Problem: CustomTestStringConvertible {
    let testDescription: String
    let rows, outputsEach: Int
    let order: [Int]
    /// The stages of the coordinates in their order, and of each layer of hidden units.
    let stages: [[Int]]
    /// Whether what entered the layer before is added.
    let isResidual: [Bool]
    /// Whether the activation acts on what enters.
    let activates: [Bool]

    init(
      _ name: String, rows: Int, outputsEach: Int = 2, order: [Int], stages: [[Int]],
      isResidual: Set<Int> = [], isLinear: Set<Int> = [0]
    ) {
      testDescription = "\(name), \(rows) rows"
      (self.rows, self.outputsEach, self.order, self.stages) = (rows, outputsEach, order, stages)
      self.isResidual = stages.indices.map(isResidual.contains)
      activates = stages.indices.map { !isLinear.contains($0) }
    }

    var network: StagedNetwork {
      let count = (stages.joined().max() ?? 0) + 1
      let widths = stages.map(\.count) + [outputsEach * order.count]
      return StagedNetwork(
        order: order,
        offsets: stages.map { units in
          (0...count).map { stage in units.firstIndex { $0 >= stage } ?? units.count }
        },
        layers: stages.indices.map {
          .init(
            inputs: widths[$0], outputs: widths[$0 + 1], connects: true,
            activates: activates[$0], isResidual: isResidual[$0])
        }, outputsEach: outputsEach)
    }
  }

  /// Numbers of one kind: row by row.
  struct Operands {
    let right, own, values, added: [Double]
    let weights, slopes: [[Double]]

    init(_ problem: Problem) {
      var generator = SeededGenerator(seed: 7 + problem.rows)
      let size = problem.order.count
      func random(_ count: Int, _ range: ClosedRange<Double> = -1...1) -> [Double] {
        generator.uniform(count, in: range)
      }
      right = random(problem.rows * size)
      own = random(problem.rows * size, 0.5...2)
      values = random(problem.rows * size * problem.outputsEach)
      added = random(problem.rows * size * problem.outputsEach)
      let places = problem.order.indices.sorted { problem.order[$0] < problem.order[$1] }
      let first = places.map { problem.stages[0][$0] }
      let last = problem.stages[0].flatMap {
        [Int](repeating: $0 - 1, count: problem.outputsEach)
      }
      let units = [first] + problem.stages.dropFirst() + [last]
      weights = zip(units, units.dropFirst()).map { from, to in
        from.flatMap { a in to.map { b in a <= b ? random(1)[0] : 0 } }
      }
      slopes = problem.stages.indices.map {
        problem.activates[$0] ? random(problem.rows * problem.stages[$0].count) : []
      }
    }
  }

  private static let sequences = [1, 7, 8, 9, 16, 17, 32, 33, 70].map {
    Problem(
      "sequence", rows: $0, order: Array(0..<5), stages: [[1, 2, 3, 4, 5], [1, 1, 2, 3, 3, 4]])
  }

  private static let others = [
    Problem("linear", rows: 9, order: [2, 0, 1], stages: [[1, 2, 3]]),
    Problem("one output", rows: 40, outputsEach: 1, order: [0, 1], stages: [[1, 2], [1]]),
    Problem("one coordinate", rows: 3, order: [0], stages: [[1]]),
    Problem(
      "residual", rows: 35, outputsEach: 3, order: [3, 1, 0, 2],
      stages: [[1, 2, 2, 3], [0, 1, 2], [0, 1, 2], [0, 1, 2]], isResidual: [2], isLinear: [0, 1]),
    Problem(
      "deep residual", rows: 35, order: [1, 0, 2],
      stages: [[1, 2, 3]] + [[Int]](repeating: [1, 1, 2, 2], count: 5), isResidual: [2, 4]),
    Problem(
      "equal stages", rows: 20, order: [4, 3, 2, 1, 0],
      stages: [[1, 1, 2, 2, 2], [0, 0, 1, 1], [1, 1, 1]]),
    Problem(
      "wide", rows: 33, order: Array(0..<20), stages: [Array(1...20), (0..<50).map { 1 + $0 / 3 }]),
  ]

  /// The derivatives of the outputs with respect to the coordinates, for one row: outputs ×
  /// coordinates, parameter by parameter.
  private static func jacobian(_ problem: Problem, _ operands: Operands, row: Int) -> [[Double]] {
    let size = problem.order.count
    var values = [(0..<size).map { i in (0..<size).map { $0 == i ? 1.0 : 0 } }]
    for layer in problem.stages.indices {
      let inputs = values[layer]
      let width = operands.weights[layer].count / inputs.count
      var outputs = (0..<width).map { output in
        (0..<size).map { coordinate in
          inputs.indices.reduce(0) { sum, i in
            let slope =
              problem.activates[layer] ? operands.slopes[layer][row * inputs.count + i] : 1
            return sum + operands.weights[layer][i * width + output] * slope * inputs[i][coordinate]
          }
        }
      }
      if problem.isResidual[layer] {
        for (unit, entered) in values[layer - 1].enumerated() {
          outputs[unit] = zip(outputs[unit], entered).map { $0 + $1 }
        }
      }
      values.append(outputs)
    }
    let last = values[values.count - 1]
    let places = problem.order.indices.sorted { problem.order[$0] < problem.order[$1] }
    return (0..<problem.outputsEach).flatMap { parameter in
      (0..<size).map { last[places[$0] * problem.outputsEach + parameter] }
    }
  }

  /// Jᵀ g + what is added, for one row.
  private static func left(
    _ problem: Problem, _ operands: Operands, _ solution: ArraySlice<Double>, row: Int
  ) -> [Double] {
    let (size, g) = (problem.order.count, Array(solution))
    let slopes = jacobian(problem, operands, row: row)
    return (0..<size).map { coordinate in
      slopes.indices.reduce(operands.own[row * size + coordinate] * g[coordinate]) { sum, output in
        let at = row * slopes.count + output
        let arriving = operands.values[at] * g[output % size] + operands.added[at]
        return sum + arriving * slopes[output][coordinate]
      }
    }
  }

  @Test(arguments: sequences + others, [DType.float64, .float32])
  func equation(_ problem: Problem, _ dtype: DType) {
    let operands = Operands(problem)
    let (rows, size) = (problem.rows, problem.order.count)
    func tensor(_ numbers: [Double], _ rows: Int) -> Tensor {
      Tensor(numbers, shape: [rows, numbers.count / rows], dtype: dtype)
    }
    let network = problem.network
    let solution = network.solveTransposed(
      tensor(operands.right, rows), own: tensor(operands.own, rows),
      values: tensor(operands.values, rows), added: tensor(operands.added, rows),
      weights: operands.weights.indices.map {
        tensor(operands.weights[$0], network.layers[$0].inputs)
      },
      slopes: operands.slopes.map { $0.isEmpty ? nil : tensor($0, rows) })
    #expect(solution.shape == [rows, size] && solution.dtype == dtype)
    let g = solution.array()
    let found = (0..<rows).flatMap { row in
      Self.left(problem, operands, g[row * size..<(row + 1) * size], row: row)
    }
    let scale = g.reduce(1) { max($0, $1.magnitude) }
    expectClose(
      found, operands.right,
      within: .relative(0, absolute: (dtype == .float64 ? 1e-13 : 1e-4) * scale))
  }
}
