import Distributions
import TestSupport

/// A bijector and where to try it.
struct BijectorCase: Sendable, CustomStringConvertible {
  /// Which numbers the log determinant is about, for values with more elements than points.
  enum Volume: Sendable {
    /// All elements, or those at the positions that a value of the given shape has free.
    case elements(@Sendable (Shape) -> [Int])
    /// Lengths, areas, volumes on the surface that the values lie on.
    case surface
  }

  let name: String
  let bijector: any Bijector
  /// Where the elements of points are drawn from.
  let domain: ClosedRange<Double>
  /// The shape of one point, without the batch.
  let event: Shape
  /// Makes a point of free numbers, for domains that are not boxes.
  let chart: (@Sendable (Tensor) -> Tensor)?
  let volume: Volume
  /// The free elements of a point.
  let freeOfPoint: @Sendable (Shape) -> [Int]
  /// How far a round trip may be off.
  let tolerance: Double
  /// Whether the map has a second derivative almost everywhere and no kinks near the points.
  let order: Int

  var description: String { name }

  init(
    _ name: String, _ bijector: any Bijector, in domain: ClosedRange<Double> = -4...4,
    event: Shape? = nil, from chart: (@Sendable (Tensor) -> Tensor)? = nil,
    volume: Volume = .elements(Free.all),
    freeOfPoint: @escaping @Sendable (Shape) -> [Int] = Free.all,
    tolerance: Double = 1e-10, order: Int = 2
  ) {
    self.name = name
    self.bijector = bijector
    self.domain = domain
    self.event = event ?? Shape(repeatElement(3, count: bijector.eventRank))
    self.chart = chart
    self.volume = volume
    self.freeOfPoint = freeOfPoint
    self.tolerance = tolerance
    self.order = order
  }

  /// Numbers that determine points.
  func numbers(_ batch: Shape, seed: Int = 1, dtype: DType = .float64) -> Tensor {
    let shape = batch + event
    var generator = SeededGenerator(seed: seed)
    return Tensor(
      generator.uniform(shape.elementCount, in: domain), shape: shape, dtype: dtype)
  }

  /// The points that numbers determine: the same where the domain is a box.
  func point(_ numbers: Tensor) -> Tensor { chart.map { $0(numbers) } ?? numbers }

  func points(_ batch: Shape, seed: Int = 1, dtype: DType = .float64) -> Tensor {
    let numbers = numbers(batch, seed: seed, dtype: dtype)
    return chart.map { $0(numbers).detached() } ?? numbers
  }
}

/// Positions of the elements of an event that determine the others, in row-major order.
enum Free {
  @Sendable static func all(_ event: Shape) -> [Int] { Array(0..<event.elementCount) }
  /// All but the last element of a vector.
  @Sendable static func butLast(_ event: Shape) -> [Int] { Array(0..<event.elementCount - 1) }
  /// On and below the diagonal of a matrix.
  @Sendable static func triangle(_ event: Shape) -> [Int] {
    (0..<event[0]).flatMap { i in (0...i).map { i * event[1] + $0 } }
  }
  /// Below the diagonal of a matrix.
  @Sendable static func strictTriangle(_ event: Shape) -> [Int] {
    (0..<event[0]).flatMap { i in (0..<i).map { i * event[1] + $0 } }
  }
}

extension BijectorCase {
  static let all: [BijectorCase] =
    elementary + composed + inverses + constraints + vectors + matrices + joined

  static let elementary = [
    BijectorCase("Identity", Identity()),
    BijectorCase("Exp", Exp()),
    BijectorCase("Sigmoid", Sigmoid()),
    BijectorCase("Softplus", Softplus()),
    BijectorCase("Affine", Affine(shift: 0.7, scale: 2.5)),
    BijectorCase("Affine, negative", Affine(shift: -0.2, scale: -0.3)),
    BijectorCase("IntervalSigmoid", IntervalSigmoid(-2, 0.5)),
    BijectorCase("Tanh", Tanh(), in: -3...3),
    BijectorCase("ELU", ELU()),
    BijectorCase("LeakyReLU", LeakyReLU()),
    BijectorCase("LeakyReLU(slope: 0.3)", LeakyReLU(slope: 0.3)),
    BijectorCase("Power(0.5)", Power(0.5), in: 0.2...5),
    BijectorCase("Power(-2)", Power(-2), in: 0.2...5),
    BijectorCase("PositivePower(3)", PositivePower(3), in: 0.2...4),
    BijectorCase("PositivePower(0.7), negative", PositivePower(0.7), in: -4...(-0.2)),
    BijectorCase("Cumulative", Cumulative(StandardLogistic())),
    BijectorCase("Cumulative of Cauchy", Cumulative(Cauchy(0.5, 2))),
    BijectorCase("Sin", Sin(), in: -1.5...1.5),
    BijectorCase("Cos", Cos(), in: 0.1...3),
  ]

  static let composed = [
    BijectorCase("Compose of none", Compose([])),
    BijectorCase("Compose of Identity", Compose([Identity(), Identity()])),
    BijectorCase(
      "Compose of Affine",
      Compose([Affine(shift: 1, scale: 2), Affine(shift: 0.1, scale: -3)])),
    BijectorCase(
      "Compose",
      Compose([Affine(shift: 0.5, scale: 0.6), Softplus(), Exp(), Inverse(Softplus())]),
      in: -3...3),
    BijectorCase(
      "Compose of Compose",
      Compose([Compose([Sigmoid(), Affine(shift: 1, scale: 3)]), Inverse(Exp())])),
    BijectorCase(
      "Compose of ranks",
      Compose([Affine(shift: 1, scale: 0.5), Ordered(), Tanh()]), in: -2...(-1)),
    BijectorCase(
      "Compose to matrices and back",
      Compose([
        Affine(shift: 0.2, scale: 0.7), LowerCholesky(), Cholesky().inv,
        CholeskyThenVector.map, Affine(shift: 1, scale: 2),
      ]), in: -1...1, event: [6], tolerance: 1e-9),
    BijectorCase(
      "IndependentBijector", Affine(shift: [1.0, 2, 3], scale: 2).toEvent(1)),
    BijectorCase(
      "IndependentBijector of StickBreaking", StickBreaking().toEvent(1),
      in: -2...2, event: [2, 3], volume: .elements { _ in [0, 1, 2, 4, 5, 6] }),
  ]

  static let inverses = [
    BijectorCase("Inverse of Exp", Inverse(Exp()), in: 0.05...20),
    BijectorCase("Inverse of Sigmoid", Inverse(Sigmoid()), in: 0.02...0.98),
    BijectorCase("Inverse of Softplus", Softplus().inv, in: 0.05...20),
    BijectorCase("Inverse of Affine", Affine(shift: 1, scale: -4).inv),
    BijectorCase("Inverse of Inverse", Inverse(Inverse(Exp()))),
    BijectorCase(
      "Inverse of Compose", Compose([Affine(shift: 1, scale: 2), Exp()]).inv, in: 0.05...20),
  ]

  static let constraints = ConstraintTests.continuous.map {
    BijectorCase("onto \($0)", $0.bijector)
  }
}
