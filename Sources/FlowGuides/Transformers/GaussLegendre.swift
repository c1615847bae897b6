import Foundation

/// Nodes and weights of Gauss–Legendre quadrature on [0, 1], which is exact for polynomials up to
/// degree 2n − 1.
struct GaussLegendre: Sendable {
  let nodes: [Double]
  let weights: [Double]

  init(count: Int) {
    let points = (0..<count).map { GaussLegendre.point($0, count) }
    nodes = points.map { (1 + $0.node) / 2 }
    weights = points.map { $0.weight / 2 }
  }

  /// A root of the Legendre polynomial, by Newton's method from Tricomi's approximation, and the
  /// weight 2 / ((1 − x²) P′(x)²).
  private static func point(_ index: Int, _ count: Int) -> (node: Double, weight: Double) {
    var x = -cos(.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
    var slope = 1.0
    for _ in 0..<10 {
      var (previous, value) = (1.0, x)
      for degree in stride(from: 2, through: count, by: 1) {
        let n = Double(degree)
        (previous, value) = (value, ((2 * n - 1) * x * value - (n - 1) * previous) / n)
      }
      slope = Double(count) * (x * value - previous) / (x * x - 1)
      x -= value / slope
    }
    return (x, 2 / ((1 - x * x) * slope * slope))
  }
}
