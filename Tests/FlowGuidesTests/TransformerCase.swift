import FlowGuides
import Foundation

/// A transformer with what its tests need to know of it.
struct TransformerCase: Sendable, CustomStringConvertible {
  let description: String
  let transformer: any Transformer
  /// Of random parameters.
  var spread = 1.0
  /// Where points lie that are interesting: edges.
  var bound = 10.0
  /// Whether the derivative is continuous, and that of the derivative.
  var isSmooth = true

  var parameterCount: Int { transformer.start.count }

  /// Random parameters that broadcast with points.
  func parameters(_ seed: Int, _ shape: Shape = []) -> [Tensor] {
    (0..<parameterCount).map { index in
      let key = RandomKey(seed).foldIn(description).foldIn(index)
      return (spread * key.normal(shape)).detached()
    }
  }

  /// Normal points with standard deviation 3, inside the domain.
  func points(_ seed: Int, _ shape: Shape) -> Tensor {
    let x = 3 * RandomKey(seed).foldIn("points").normal(shape)
    return (isOnInterval ? clamp(x, -3.1, 3.1) : x).detached()
  }

  var isOnInterval: Bool { !(transformer.domain == Constraint.real) }

  /// Weights of networks inside a transformer, of spread one over the root of their inputs.
  func withWeights<Result>(_ body: () throws -> Result) rethrows -> Result {
    try handle(body, with: RandomWeights(7, isScaled: true))
  }

  private static let affine = AffineForm.allCases.map {
    TransformerCase(description: "affine \($0)", transformer: AffineTransformer($0))
  }

  static let all = affine + others

  private static let others: [TransformerCase] = [
    .init(description: "shift", transformer: ShiftTransformer()),
    .init(description: "scale", transformer: ScaleTransformer()),
    .init(description: "rqs", transformer: RationalQuadraticSpline(), bound: 5),
    .init(
      description: "rqs of Zuko",
      transformer: RationalQuadraticSpline(bins: 5, bound: 3, form: .softClamped),
      bound: 3),
    .init(
      description: "rqs of one bin", transformer: RationalQuadraticSpline(bins: 1, bound: 2),
      bound: 2),
    .init(description: "circular", transformer: CircularSpline(bins: 5), bound: .pi),
    .init(description: "lrs", transformer: LinearRationalSpline(), bound: 5),
    .init(
      description: "linear", transformer: LinearSpline(bins: 6, bound: 4), bound: 4,
      isSmooth: false),
    .init(description: "quadratic", transformer: QuadraticSpline(bins: 6, bound: 4), bound: 4),
    .init(
      description: "cubic", transformer: CubicSpline(bins: 6, bound: 4), bound: 4, isSmooth: false),
    .init(description: "sigmoidal", transformer: DeepSigmoidal(units: 8)),
    .init(description: "dense sigmoidal", transformer: DeepDenseSigmoidal(units: 3, layers: 3)),
    .init(
      description: "dense sigmoidal of one", transformer: DeepDenseSigmoidal(units: 4, layers: 1)),
    .init(
      description: "monotonic network",
      transformer: UnconstrainedMonotonic(
        signal: 4, hidden: [16, 16], nodes: 100, name: "integrand")),
    .init(description: "sum of squares", transformer: SumOfSquares()),
    .init(description: "bernstein", transformer: BernsteinPolynomial()),
    .init(
      description: "bernstein of degree 1", transformer: BernsteinPolynomial(degree: 1, bound: 2),
      bound: 2),
    .init(description: "gaussianization", transformer: Gaussianization(components: 5)),
    .init(
      description: "weighted gaussianization",
      transformer: Gaussianization(components: 5, isWeighted: true)),
  ]
}
