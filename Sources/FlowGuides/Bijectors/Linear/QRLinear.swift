internal import PPL

/// x ↦ Q R x + shift for an orthogonal Q, a product of n reflections, and an upper triangular R
/// with a positive diagonal (Hoogeboom et al. 2019); log det Σ log Rᵢᵢ.
public struct QRLinear: LinearLayer {
  let dimension: Int
  private let parameters: LayerParameters

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes the matrices and the shift functions of a context.
  public init(dimension n: Int, name: String, context: ContextNetwork? = nil) {
    dimension = n
    parameters = LayerParameters(
      name, context: context,
      [
        Householder.vectors(n, n, "vectors"),
        // Transposed: a lower triangle.
        .init("upper", [n, n], constraint: .lowerCholesky) { _ in Tensor.eye(n) },
        .init("shift", [n]),
      ])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let values = parameters(context)
    let (vectors, upper, shift) = (values[0], values[1].transposed(), values[2])
    return LinearMap(
      forward: { reflected(apply(upper, to: $0), vectors) + shift },
      inverse: {
        solveTriangle(upper, reflected($0 - shift, vectors, isReversed: true), lower: false)
      },
      logDet: log(upper.diagonal()).sum(axis: -1))
  }
}
