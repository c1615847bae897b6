import Distributions
import Foundation
import TestSupport
import Testing

/// Densities of random matrices of three free elements integrate to 1, whatever the parameters: the
/// rule of trapezes in coordinates in which they fall off exponentially, where its error falls
/// exponentially with the number of points: below 10⁻⁹ at the steps taken.
@Suite struct MatrixMassTests {
  /// Where the points of one coordinate are.
  private struct Axis {
    let points: [Double]
    let step: Double

    init(_ range: ClosedRange<Double>, step: Double) {
      points = Array(stride(from: range.lowerBound, to: range.upperBound + step, by: step))
      self.step = step
    }
  }

  /// ∫ e^f over a box of three axes.
  private static func integral(over axes: [Axis], _ f: ([Tensor]) -> Tensor) -> Double {
    let full = Shape(axes.map(\.points.count))
    let coordinates = axes.enumerated().map { number, axis -> Tensor in
      var shape: Shape = [1, 1, 1]
      shape[number] = axis.points.count
      return Tensor(axis.points).reshaped(to: shape).broadcast(to: full).flattened()
    }
    return axes.reduce(exp(f(coordinates)).sum().scalar()) { $0 * $1.step }
  }

  private static func matrix(_ rows: [[Tensor]]) -> Tensor {
    stack(rows.map { stack($0, along: -1) }, along: -2)
  }

  // MARK: Correlations

  /// log(1 − tanh² u), the logarithm of the derivative.
  private static func logSlope(_ u: Tensor) -> Tensor { -2 * log(cosh(u)) }

  /// By partial correlations, each the tanh of a coordinate (Lewandowski, Kurowicka and Joe 2009).
  @Test(arguments: [0.6, 0.8, 1, 1.6, 2.1, 5, 20]) func correlations(_ concentration: Double) {
    // The first two fall off as e^(−(2 η + 1) |u|), the third as e^(−2 η |u|).
    let axes = [concentration + 0.5, concentration + 0.5, concentration].map { rate in
      let end = 10.5 / rate + 1.5
      return Axis(-end...end, step: 0.3 / max(concentration, 1).squareRoot())
    }
    let total = Self.integral(over: axes) { u in
      let (x, y) = (tanh(u[0]), tanh(u[1]))
      let (dx, dy) = (Self.logSlope(u[0]), Self.logSlope(u[1]))
      let z = x * y + tanh(u[2]) * exp(0.5 * (dx + dy))
      let one = Tensor.ones(x.shape)
      let r = Self.matrix([[one, x, y], [x, one, z], [y, z, one]])
      return LKJ(3, Tensor(concentration)).logProb(r) + 1.5 * (dx + dy) + Self.logSlope(u[2])
    }
    #expect((total - 1).magnitude < 1e-8, "LKJ \(concentration): \(total)")
    let factors = Self.integral(over: axes) { u in
      let (x, y) = (tanh(u[0]), tanh(u[1]))
      let (dx, dy, dz) = (Self.logSlope(u[0]), Self.logSlope(u[1]), Self.logSlope(u[2]))
      let (none, one) = (Tensor.zeros(x.shape), Tensor.ones(x.shape))
      let l = Self.matrix([
        [one, none, none], [x, exp(0.5 * dx), none],
        [y, tanh(u[2]) * exp(0.5 * dy), exp(0.5 * (dy + dz))],
      ])
      return LKJCholesky(3, Tensor(concentration)).logProb(l) + dx + 1.5 * dy + dz
    }
    #expect((factors - 1).magnitude < 1e-8, "LKJCholesky \(concentration): \(factors)")
  }

  // MARK: Covariances

  /// Degrees of freedom, and a triangular factor of the scale matrix. With fewer degrees too much of
  /// the mass is at matrices that rounding makes singular.
  private static let scales: [(Double, [[Double]])] = [
    (2.2, [[1, 0], [0, 1]]), (2.5, [[1.3, 0], [0.4, 0.9]]), (3.5, [[0.01, 0], [-0.3, 2]]),
    (4.5, [[1.1, 0], [0.35, 0.85]]), (12, [[30, 0], [-40, 5]]), (40, [[0.5, 0], [0.1, 1e-3]]),
  ]

  /// By Bartlett's factor A of W = C A Aᵀ Cᵀ, with the logarithms of its diagonal:
  /// dW = 4 |C|³ A₁₁³ A₂₂² du. The inverse of W has dX = |W|⁻³ dW.
  @Test(arguments: scales) func covariances(_ freedom: Double, _ rows: [[Double]]) {
    let c = Tensor(rows)
    // The squares of the diagonal are χ² of ν and ν − 1 degrees of freedom.
    let axes =
      [freedom, freedom - 1].map { degrees in
        let middle = 0.5 * log(degrees)
        return Axis(
          middle - 24 / degrees - 1...middle + 2.2,
          step: min(0.18, 0.7 / (2 * degrees).squareRoot()))
      } + [Axis(-7...7, step: 0.4)]
    let logDetC = log(rows[0][0] * rows[1][1])
    func mass(_ logProb: (_ factor: Tensor, _ logDet: Tensor) -> Tensor) -> Double {
      Self.integral(over: axes) { u in
        let none = Tensor.zeros(u[0].shape)
        let factor = Self.matrix([[exp(u[0]), none], [u[2], exp(u[1])]])
        let logSlope = 3 * u[0] + 2 * u[1] + (3 * logDetC + log(4.0))
        return logProb(factor, 2 * (u[0] + u[1] + logDetC)) + logSlope
      }
    }
    let wishart = Wishart(Tensor(freedom), scaleTril: c)
    let total = mass { factor, _ in
      let l = matmul(c, factor)
      return wishart.logProb(matmul(l, l.transposed()))
    }
    #expect((total - 1).magnitude < 1e-8, "Wishart \(freedom) \(rows): \(total)")
    // The scale matrix of the inverse is that of W inverted: its factor is C⁻ᵀ, not triangular.
    let precision = inverse(c)
    let inverted = InverseWishart(
      Tensor(freedom), scaleMatrix: matmul(precision.transposed(), precision))
    let inverseTotal = mass { factor, logDet in
      let root = matmul(inverse(factor), precision)
      return inverted.logProb(matmul(root.transposed(), root)) - 3 * logDet
    }
    #expect(
      (inverseTotal - 1).magnitude < 1e-8, "InverseWishart \(freedom) \(rows): \(inverseTotal)")
  }
}
