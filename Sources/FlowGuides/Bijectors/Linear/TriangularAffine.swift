internal import PPL

/// x ↦ T x + shift for a learned triangular matrix T with a positive diagonal; log det Σ log Tᵢᵢ.
/// Starts as the identity.
public struct TriangularAffine: LinearLayer {
  /// Which triangle of the matrix is not zero.
  public enum Triangle: Sendable {
    case lower
    case upper
  }

  private let triangle: Triangle
  let dimension: Int
  private let parameters: LayerParameters
  public var startsNearIdentity: Bool { true }
  public var isAutoregressive: Bool { triangle == .lower }

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes matrix and shift functions of a context.
  public init(
    dimension n: Int, triangle: Triangle = .lower, name: String, context: ContextNetwork? = nil
  ) {
    self.triangle = triangle
    dimension = n
    parameters = LayerParameters(
      name, context: context,
      [
        .init("scaleTril", [n, n], constraint: .lowerCholesky) { _ in Tensor.eye(n) },
        .init("shift", [n]),
      ])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let values = parameters(context)
    let matrix = triangle == .lower ? values[0] : values[0].transposed()
    let (shift, isLower) = (values[1], triangle == .lower)
    return LinearMap(
      forward: { apply(matrix, to: $0) + shift },
      inverse: { solveTriangle(matrix, $0 - shift, lower: isLower) },
      logDet: log(matrix.diagonal()).sum(axis: -1))
  }
}
