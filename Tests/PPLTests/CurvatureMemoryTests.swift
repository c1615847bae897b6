import TestSupport
import Testing

@testable import PPL

@Suite struct CurvatureMemoryTests {
  private typealias Matrix = [[Double]]

  private static func product(_ a: Matrix, _ b: Matrix) -> Matrix {
    a.map { row in b[0].indices.map { column in row.dot(b.map { $0[column] }) } }
  }

  private static func diagonal(_ value: Double, _ count: Int) -> Matrix {
    (0..<count).map { row in (0..<count).map { $0 == row ? value : 0 } }
  }

  /// H ← VᵀHV + ρssᵀ with V = I − ρysᵀ (Nocedal & Wright 2006, equation 6.17), written out.
  private static func updated(_ h: Matrix, _ s: [Double], _ y: [Double]) -> Matrix {
    let rho = 1 / s.dot(y)
    let v = s.indices.map { row in
      s.indices.map { column in (row == column ? 1 : 0) - rho * y[row] * s[column] }
    }
    let transposed = s.indices.map { row in s.indices.map { v[$0][row] } }
    let core = product(product(transposed, h), v)
    return s.indices.map { row in s.indices.map { core[row][$0] + rho * s[row] * s[$0] } }
  }

  /// Points on a quadratic of positive curvatures.
  private static func points(_ count: Int) -> [SmoothFunction.Point] {
    var generator = SeededGenerator(seed: 6)
    return (0..<count).map { _ in
      let x = generator.uniform(4, in: -2...2)
      let gradient = [
        3 * x[0] + x[1], x[0] + 2 * x[1], 0.5 * x[2] - 0.1 * x[3], 4 * x[3] - 0.1 * x[2],
      ]
      return SmoothFunction.Point(position: x, value: 0, gradient: gradient)
    }
  }

  /// The recursion against matrices, when the memory is filling and when it forgets.
  @Test(arguments: 1...7) func direction(_ steps: Int) {
    let points = Self.points(steps + 1)
    var memory = CurvatureMemory(capacity: 4)
    for (old, new) in zip(points, points.dropFirst()) { memory.append(from: old, to: new) }
    let pairs = zip(points, points.dropFirst()).suffix(4).map { old, new in
      (
        s: zip(new.position, old.position).map { $0 - $1 },
        y: zip(new.gradient, old.gradient).map { $0 - $1 }
      )
    }
    let last = pairs[pairs.count - 1]
    var h = Self.diagonal(last.s.dot(last.y) / last.y.dot(last.y), 4)
    for pair in pairs { h = Self.updated(h, pair.s, pair.y) }
    let gradient = [0.3, -1, 2, 0.7]
    expectClose(
      memory.direction(gradient), h.map { -$0.dot(gradient) },
      within: .relative(1e-10, absolute: 1e-10))
  }

  /// Without a past the direction is down the gradient.
  @Test func empty() {
    var memory = CurvatureMemory(capacity: 2)
    #expect(memory.isEmpty && memory.direction([1, -2]) == [-1, 2])
    let points = Self.points(2)
    memory.append(from: points[0], to: points[1])
    #expect(!memory.isEmpty)
    memory.removeAll()
    #expect(memory.isEmpty)
  }

  /// A step along which the function bends down, or not at all, says nothing of a minimum.
  @Test func onlyConvexSteps() {
    func point(_ position: Double, _ gradient: Double) -> SmoothFunction.Point {
      SmoothFunction.Point(position: [position], value: 0, gradient: [gradient])
    }
    var memory = CurvatureMemory(capacity: 2)
    memory.append(from: point(0, 1), to: point(1, 0.5))
    memory.append(from: point(0, 1), to: point(1, 1))
    #expect(memory.isEmpty)
    memory.append(from: point(0, 1), to: point(1, 3))
    #expect(memory.direction([4]) == [-2])
  }
}
