internal import PPL

/// x ↦ L U x + shift for a lower triangular L with ones on its diagonal and an upper triangular U
/// with a positive one (Oliva et al. 2018); log det Σ log Uᵢᵢ. Starts as the identity.
public struct LULinear: LinearLayer {
  let dimension: Int
  private let parameters: LayerParameters
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes the matrices and the shift functions of a context.
  public init(dimension n: Int, name: String, context: ContextNetwork? = nil) {
    dimension = n
    parameters = LayerParameters(
      name, context: context,
      [
        .init("lower", [n, n], constraint: .unitLowerCholesky) { _ in Tensor.eye(n) },
        // Transposed: a lower triangle.
        .init("upper", [n, n], constraint: .lowerCholesky) { _ in Tensor.eye(n) },
        .init("shift", [n]),
      ])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let values = parameters(context)
    let (lower, upper, shift) = (values[0], values[1].transposed(), values[2])
    return LinearMap(
      forward: { apply(lower, to: apply(upper, to: $0)) + shift },
      inverse: { y in
        let inner = solveTriangle(lower, y - shift, lower: true, unitDiagonal: true)
        return solveTriangle(upper, inner, lower: false)
      },
      logDet: log(upper.diagonal()).sum(axis: -1))
  }
}
