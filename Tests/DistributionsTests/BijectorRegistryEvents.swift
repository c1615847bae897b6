import Distributions
import TestSupport

extension BijectorCase {
  static let vectors = [
    BijectorCase("StickBreaking", StickBreaking(), in: -3...3, volume: .elements(Free.butLast)),
    BijectorCase(
      "StickBreaking to 1", StickBreaking(), in: -3...3, event: [0],
      volume: .elements(Free.butLast)),
    BijectorCase(
      "StickBreaking to 12", StickBreaking(), in: -2...2, event: [11],
      volume: .elements(Free.butLast)),
    BijectorCase("Ordered", Ordered(), in: -3...3, event: [5]),
    BijectorCase("Ordered of 1", Ordered(), event: [1]),
    BijectorCase("positive, ordered", Constraint.positiveOrdered.bijector, in: -2...1, event: [4]),
    BijectorCase(
      "SimplexToOrdered", SimplexToOrdered(anchor: 0.4), in: -2...2, event: [3],
      from: { StickBreaking().forward($0) }, freeOfPoint: Free.butLast),
    BijectorCase("Stereographic", Stereographic(), event: [3], volume: .surface),
    BijectorCase("Stereographic to a circle", Stereographic(), event: [1], volume: .surface),
    BijectorCase("ZeroSum", ZeroSum(), event: [4], volume: .surface),
    BijectorCase("ZeroSum of 2 axes", ZeroSum(axes: 2), event: [3, 2], volume: .surface),
    BijectorCase("L1Ball", L1Ball(), in: 0.1...1),
    BijectorCase("L1Ball, negative", L1Ball(), in: -1...(-0.1)),
    BijectorCase("Permute", Permute([2, 0, 3, 1]), event: [4]),
    BijectorCase("DiscreteCosine", DiscreteCosine(), event: [5]),
    BijectorCase("Haar of 8", Haar(), event: [8]),
    BijectorCase("Haar of 7", Haar(), event: [7]),
    BijectorCase("Haar of 1", Haar(), event: [1]),
    BijectorCase("Reshape", Reshape(from: [6], to: [2, 3]), event: [6]),
    BijectorCase("Reshape to a vector", Reshape(from: [3, 2], to: [6]), event: [3, 2]),
    BijectorCase(
      "LowerCholeskyAffine",
      LowerCholeskyAffine(
        loc: [0.1, -2, 3],
        scaleTril: [[1.5, 0, 0], [0.3, -0.7, 0], [-2, 0.4, 2.2]])),
    BijectorCase(
      "RecursiveLinear",
      RecursiveLinear(transition: [[0.5, -0.2], [0.3, 0.8]]), event: [4, 2]),
  ]

  static let matrices = [
    BijectorCase("LowerCholesky", LowerCholesky(), event: [6], volume: .elements(Free.triangle)),
    BijectorCase(
      "LowerCholesky of 1", LowerCholesky(), event: [1], volume: .elements(Free.triangle)),
    BijectorCase(
      "SoftplusLowerCholesky", SoftplusLowerCholesky(), event: [10],
      volume: .elements(Free.triangle)),
    BijectorCase(
      "ScaledUnitLowerCholesky", ScaledUnitLowerCholesky(), in: -2...3, event: [6],
      volume: .elements(Free.triangle)),
    BijectorCase(
      "UnitLowerCholesky", UnitLowerCholesky(), event: [6],
      volume: .elements(Free.strictTriangle)),
    BijectorCase(
      "UnitLowerCholesky of 1", UnitLowerCholesky(), event: [0],
      volume: .elements(Free.strictTriangle)),
    BijectorCase(
      "UnpackLowerTriangle", UnpackLowerTriangle(), event: [6], volume: .elements(Free.triangle)),
    BijectorCase(
      "UnpackSymmetric", UnpackSymmetric(), event: [6], volume: .elements(Free.triangle)),
    BijectorCase(
      "Cholesky", Cholesky(), in: -1...1, event: [6],
      from: { Constraint.positiveDefinite.bijector.forward($0) },
      volume: .elements(Free.triangle), freeOfPoint: Free.triangle),
    BijectorCase(
      "CorrelationMatrixCholesky", CorrelationMatrixCholesky(), in: -1...1, event: [6],
      from: { Constraint.correlation.bijector.forward($0) },
      volume: .elements(Free.strictTriangle), freeOfPoint: Free.strictTriangle),
    BijectorCase(
      "CorrelationCholesky", CorrelationCholesky(), in: -2...2, event: [6],
      volume: .elements(Free.strictTriangle)),
    BijectorCase(
      "CorrelationCholesky of 1", CorrelationCholesky(), event: [0],
      volume: .elements(Free.strictTriangle)),
    BijectorCase(
      "onto positive definite matrices", Constraint.positiveDefinite.bijector, in: -1.5...1.5,
      event: [6], volume: .elements(Free.triangle)),
    BijectorCase(
      "onto correlation matrices", Constraint.correlation.bijector, in: -1.5...1.5, event: [6],
      volume: .elements(Free.strictTriangle)),
    BijectorCase("onto square matrices", Constraint.square.bijector, event: [2, 2]),
  ]

  static let joined = [
    BijectorCase(
      "Cat", Cat([Exp(), Ordered(), Identity()], lengths: [1, 3, 2]), in: -2...2, event: [6]),
    BijectorCase(
      "Cat with a longer part", Cat([StickBreaking(), Sigmoid()], lengths: [2, 2]), in: -2...2,
      event: [4], volume: .elements { _ in [0, 1, 3, 4] }),
    BijectorCase("Stack", Stack([Exp(), Sigmoid(), Softplus()]), event: [3]),
    BijectorCase(
      "Stack of vectors", Stack([Ordered(), Permute([1, 2, 0])]), in: -2...2, event: [2, 3]),
  ]
}

/// Matrices back to vectors, by the triangle that determines them.
enum CholeskyThenVector {
  static let map: any Bijector = Compose([Cholesky(), SoftplusLowerCholesky().inv])
}

/// The logistic distribution, by formulas.
struct StandardLogistic: QuantileDistribution {
  var batchShape: Shape { [] }
  var support: Constraint { .real }
  var parameters: [Parameter] { [] }
  func cdf(_ value: Tensor) -> Tensor { sigmoid(value) }
  func icdf(_ probability: Tensor) -> Tensor { log(probability) - log1p(-probability) }
  func logProb(_ value: Tensor) -> Tensor { -value - 2 * softplus(-value) }
  func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    icdf(key.uniform(shape, dtype: dtype))
  }
  func expanded(to batchShape: Shape) -> StandardLogistic { self }
}
