import Distributions
import TestSupport

/// One way of making a distribution of vectors or matrices; the laws are checked on all of them.
struct MultivariateCase: Sendable, CustomStringConvertible {
  let name: String
  /// The shapes of its free coordinates, arrays of numbers between −1 and 1, without a batch.
  let coordinates: [Shape]
  /// The distribution at given coordinates, whose outer axes are its batch.
  let make: @Sendable ([Tensor]) -> any Distribution
  /// The distribution of the parameters in Tests/Golden/distributions/<golden>.json.
  var golden: (name: String, make: @Sendable ([Tensor]) -> any Distribution)?
  /// Coordinates that a draw follows smoothly at a fixed key; others go through rejection.
  var smooth: Set<Int>?
  /// Whether the support has a map from unconstrained vectors.
  var hasChart = true
  /// Points of one event outside of the support.
  var outside: [[Double]]

  var description: String { name }

  /// Coordinates, the same at every run.
  func draw(_ batch: Shape = [], seed: Int = 1, dtype: DType = .float64) -> [Tensor] {
    var generator = SeededGenerator(seed: seed)
    return coordinates.map { shape in
      let full = batch + shape
      return Tensor(generator.uniform(full.elementCount, in: -1...1), shape: full, dtype: dtype)
    }
  }

  func distribution(
    _ batch: Shape = [], seed: Int = 1, dtype: DType = .float64
  ) -> any Distribution {
    make(draw(batch, seed: seed, dtype: dtype))
  }
}

/// A lower triangular matrix with a positive diagonal from any square one.
func triangle(_ free: Tensor) -> Tensor {
  tril(free, -1) + exp(0.5 * free.diagonal()).embeddingDiagonal()
}

/// A positive definite matrix from any square one.
func definite(_ free: Tensor) -> Tensor {
  let l = triangle(free)
  return matmul(l, l.transposed())
}

extension MultivariateCase {
  static let all = normals + simplices + correlations + matrices + others

  static let nonFinite: [[Double]] = [[.infinity, 0, 0], [0, -.infinity, 1], [0, 0, .infinity]]

  static let normals = [
    MultivariateCase(
      name: "MultivariateNormal(scaleTril:)", coordinates: [[3], [3, 3]],
      make: { MultivariateNormal($0[0], scaleTril: triangle($0[1])) },
      golden: ("MultivariateNormal", { MultivariateNormal($0[0], scaleTril: $0[1]) }),
      outside: nonFinite),
    MultivariateCase(
      name: "MultivariateNormal(covariance:)", coordinates: [[3], [3, 3]],
      make: { MultivariateNormal($0[0], covariance: definite($0[1])) },
      outside: nonFinite),
    MultivariateCase(
      name: "MultivariateNormal(precision:)", coordinates: [[3], [3, 3]],
      make: { MultivariateNormal($0[0], precision: definite($0[1])) },
      outside: nonFinite),
    MultivariateCase(
      name: "LowRankMultivariateNormal", coordinates: [[3], [3, 2], [3]],
      make: { LowRankMultivariateNormal($0[0], $0[1], exp($0[2])) },
      golden: (
        "LowRankMultivariateNormal", { LowRankMultivariateNormal($0[0], $0[1], $0[2]) }
      ), outside: nonFinite),
    MultivariateCase(
      name: "MultivariateStudentT", coordinates: [[], [3], [3, 3]],
      make: { MultivariateStudentT(6 + $0[0], $0[1], scaleTril: triangle($0[2])) },
      golden: (
        "MultivariateStudentT", { MultivariateStudentT($0[0], $0[1], scaleTril: $0[2]) }
      ), smooth: [1, 2], outside: nonFinite),
    MultivariateCase(
      name: "MatrixNormal", coordinates: [[2, 3], [2, 2], [3, 3]],
      make: {
        MatrixNormal($0[0], scaleTrilRow: triangle($0[1]), scaleTrilColumn: triangle($0[2]))
      },
      golden: (
        "MatrixNormal", { MatrixNormal($0[0], scaleTrilRow: $0[1], scaleTrilColumn: $0[2]) }
      ), outside: [[0, 0, .infinity, 0, 0, 0], [0, 1, 2, -.infinity, 0, 0]]),
    MultivariateCase(
      name: "GaussianRandomWalk", coordinates: [[]],
      make: { GaussianRandomWalk(exp($0[0]), steps: 3) },
      golden: (
        "GaussianRandomWalk",
        { GaussianRandomWalk($0[0], steps: Int($0[1].scalar())) }
      ), outside: nonFinite),
  ]

  private static let offSimplex: [[Double]] = [
    [0.5, 0.6, -0.1], [0.3, 0.3, 0.3], [.infinity, 0, 0], [0.5, 0.5, 1e-4],
  ]

  static let simplices = [
    MultivariateCase(
      name: "LogisticNormal", coordinates: [[2], [2]],
      make: { LogisticNormal($0[0], exp($0[1])) },
      golden: ("LogisticNormal", { LogisticNormal($0[0], $0[1]) }),
      outside: offSimplex + [[0.5, 0.5, 0], [1, 0, 0]]),
    MultivariateCase(
      name: "Dirichlet", coordinates: [[3]], make: { Dirichlet(2 * exp($0[0])) },
      golden: ("Dirichlet", { Dirichlet($0[0]) }), smooth: [], outside: offSimplex),
    MultivariateCase(
      name: "RelaxedOneHotCategorical", coordinates: [[], [3]],
      make: { RelaxedOneHotCategorical(exp($0[0]), logits: $0[1]) },
      golden: (
        "RelaxedOneHotCategorical", { RelaxedOneHotCategorical($0[0], logits: $0[1]) }
      ), outside: offSimplex + [[0.5, 0.5, 0], [1, 0, 0]]),
  ]

  static let correlations = [
    MultivariateCase(
      name: "LKJCholesky", coordinates: [[]], make: { LKJCholesky(3, exp($0[0])) },
      golden: ("LKJCholesky", { LKJCholesky(Int($0[0].scalar()), $0[1]) }), smooth: [],
      outside: [
        [1, 0, 0, 0.6, 0.9, 0, 0, 0, 1], [1, 0, 0, 0.6, -0.8, 0, 0, 0, 1],
        [1, 0.1, 0, 0.6, 0.8, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0, .infinity, 0, 1],
      ]),
    MultivariateCase(
      name: "LKJ", coordinates: [[]], make: { LKJ(3, exp($0[0])) },
      golden: ("LKJ", { LKJ(Int($0[0].scalar()), $0[1]) }), smooth: [],
      outside: [
        [1, 0.5, 0, 0.4, 1, 0, 0, 0, 1], [1, 1.1, 0, 1.1, 1, 0, 0, 0, 1],
        [1, 0, 0, 0, 1.1, 0, 0, 0, 1], [1, 0.9, -0.9, 0.9, 1, 0.9, -0.9, 0.9, 1],
        [1, 0, 0, 0, 1, .infinity, 0, .infinity, 1],
      ]),
  ]

  private static let indefinite: [[Double]] = [
    [1, 2, 2, 1], [-1, 0, 0, 1], [1, 0.5, 0.4, 1], [0, 0, 0, 0], [.infinity, 0, 0, 1],
    [1, -.infinity, -.infinity, 1],
  ]

  static let matrices = [
    MultivariateCase(
      name: "Wishart(scaleTril:)", coordinates: [[], [2, 2]],
      make: { Wishart(4 + $0[0], scaleTril: triangle($0[1])) },
      golden: ("Wishart", { Wishart($0[0], scaleTril: $0[1]) }), smooth: [1],
      outside: indefinite),
    MultivariateCase(
      name: "Wishart(covariance:)", coordinates: [[], [2, 2]],
      make: { Wishart(4 + $0[0], covariance: definite($0[1])) }, smooth: [1],
      outside: indefinite),
    MultivariateCase(
      name: "Wishart(precision:)", coordinates: [[], [2, 2]],
      make: { Wishart(4 + $0[0], precision: definite($0[1])) }, smooth: [1],
      outside: indefinite),
    MultivariateCase(
      name: "InverseWishart(scaleTril:)", coordinates: [[], [2, 2]],
      make: { InverseWishart(11 + $0[0], scaleTril: triangle($0[1])) },
      golden: ("InverseWishart", { InverseWishart($0[0], scaleTril: $0[1]) }), smooth: [1],
      outside: indefinite),
    MultivariateCase(
      name: "InverseWishart(scaleMatrix:)", coordinates: [[], [2, 2]],
      make: { InverseWishart(11 + $0[0], scaleMatrix: definite($0[1])) }, smooth: [1],
      outside: indefinite),
  ]

  static let others = [
    MultivariateCase(
      name: "ProjectedNormal", coordinates: [[2]], make: { ProjectedNormal($0[0]) },
      golden: ("ProjectedNormal", { ProjectedNormal($0[0]) }), hasChart: false,
      outside: [[1, 1], [0, 0], [0.9, 0], [.infinity, 0]]),
    MultivariateCase(
      name: "ProjectedNormal of 4", coordinates: [[4]], make: { ProjectedNormal(2 * $0[0]) },
      hasChart: false, outside: [[1, 1, 0, 0], [0, 0, 0, 0.9]]),
    MultivariateCase(
      name: "ZeroSumNormal", coordinates: [[]], make: { ZeroSumNormal(exp($0[0]), [3]) },
      golden: (
        "ZeroSumNormal", { ZeroSumNormal($0[0], Shape($0[1].array().map { Int($0) })) }
      ), outside: [[1, 1, 1], [1, -1, 1e-3], [.infinity, 0, 0], [.infinity, -.infinity, 0]]),
    MultivariateCase(
      name: "ZeroSumNormal of 2 axes", coordinates: [[]],
      make: { ZeroSumNormal(exp($0[0]), [2, 2]) },
      outside: [[1, 1, -1, -1], [1, -1, 1, -1], [1, 1, 1, 1]]),
    MultivariateCase(
      name: "JointOrderStatistics", coordinates: [[], []],
      make: { JointOrderStatistics(Normal($0[0], exp($0[1])), count: 7, ranks: [2, 3, 6]) },
      outside: nonFinite + [[0, 2, 1], [0, 1, 1]]),
    MultivariateCase(
      name: "JointOrderStatistics, all", coordinates: [[], []],
      make: { JointOrderStatistics(Weibull(exp($0[0]), 2 + $0[1]), count: 3) },
      outside: nonFinite + [[1, 3, 2], [0, 1, 2], [-1, 1, 2]]),
    MultivariateCase(
      name: "JointOrderStatistics of an interval", coordinates: [[], []],
      make: { JointOrderStatistics(Uniform($0[0] - 2, $0[1] + 2), count: 5, ranks: [1, 4]) },
      outside: [[0, -0.5], [-4, 0], [0, 4], [0, 0]]),
    MultivariateCase(
      name: "Joint of intervals", coordinates: [[], []],
      make: { Joint([Uniform($0[0] - 2, $0[1] + 2), Normal(0, 1), Beta(0.5, 0.5)]) },
      outside: [[-4, 0, 0.5], [0, 1, -1], [4, 0, 0]]),
    MultivariateCase(
      name: "Joint", coordinates: [[], [2], [3]],
      make: {
        Joint([
          LogNormal($0[0], 0.7), Normal($0[1], 1.3).toEvent(1), Dirichlet(2 * exp($0[2])),
        ])
      }, smooth: [0, 1],
      outside: [
        [-1, 0, 0, 0.2, 0.3, 0.5], [1, .infinity, 0, 0.2, 0.3, 0.5], [1, 0, 0, 0.2, 0.3, 0.6],
      ]),
  ]
}
