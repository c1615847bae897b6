import Distributions
import TestSupport

/// A bijector and where to try it.
struct BijectorCase: Sendable, CustomStringConvertible {
  let name: String
  let bijector: any Bijector
  /// Where points are drawn from.
  let domain: ClosedRange<Double>
  var description: String { name }

  /// Elementwise maps take points of any shape; others need an axis of this extent.
  static let extent = 3

  func points(_ batch: Shape, seed: Int = 1, dtype: DType = .float64) -> Tensor {
    let shape = batch + Shape(repeatElement(Self.extent, count: bijector.eventRank))
    var generator = SeededGenerator(seed: seed)
    return Tensor(
      generator.uniform(shape.elementCount, in: domain), shape: shape, dtype: dtype)
  }
}

extension BijectorCase {
  static let all: [BijectorCase] = elementary + composed + inverses + constraints

  static let elementary = [
    BijectorCase(name: "Identity", bijector: Identity(), domain: -4...4),
    BijectorCase(name: "Exp", bijector: Exp(), domain: -4...4),
    BijectorCase(name: "Sigmoid", bijector: Sigmoid(), domain: -4...4),
    BijectorCase(name: "Softplus", bijector: Softplus(), domain: -4...4),
    BijectorCase(name: "Affine", bijector: Affine(shift: 0.7, scale: 2.5), domain: -4...4),
    BijectorCase(
      name: "Affine, negative", bijector: Affine(shift: -0.2, scale: -0.3),
      domain: -4...4),
  ]

  static let composed = [
    BijectorCase(name: "Compose of none", bijector: Compose([]), domain: -4...4),
    BijectorCase(
      name: "Compose of Identity", bijector: Compose([Identity(), Identity()]), domain: -4...4),
    BijectorCase(
      name: "Compose of Affine",
      bijector: Compose([Affine(shift: 1, scale: 2), Affine(shift: 0.1, scale: -3)]),
      domain: -4...4),
    BijectorCase(
      name: "Compose",
      bijector: Compose([Affine(shift: 0.5, scale: 0.6), Softplus(), Exp(), Inverse(Softplus())]),
      domain: -3...3),
    BijectorCase(
      name: "Compose of Compose",
      bijector: Compose([Compose([Sigmoid(), Affine(shift: 1, scale: 3)]), Inverse(Exp())]),
      domain: -4...4),
  ]

  static let inverses = [
    BijectorCase(name: "Inverse of Exp", bijector: Inverse(Exp()), domain: 0.05...20),
    BijectorCase(name: "Inverse of Sigmoid", bijector: Inverse(Sigmoid()), domain: 0.02...0.98),
    BijectorCase(name: "Inverse of Softplus", bijector: Softplus().inv, domain: 0.05...20),
    BijectorCase(
      name: "Inverse of Affine", bijector: Affine(shift: 1, scale: -4).inv, domain: -4...4),
    BijectorCase(name: "Inverse of Inverse", bijector: Inverse(Inverse(Exp())), domain: -4...4),
    BijectorCase(
      name: "Inverse of Compose",
      bijector: Compose([Affine(shift: 1, scale: 2), Exp()]).inv, domain: 0.05...20),
  ]

  static let constraints = ConstraintTests.continuous.map {
    BijectorCase(name: "onto \($0)", bijector: $0.bijector, domain: -4...4)
  }
}
