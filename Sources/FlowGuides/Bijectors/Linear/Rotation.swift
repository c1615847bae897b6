internal import PPL

/// How a skew-symmetric matrix A becomes a rotation.
public enum RotationForm: Sendable {
  /// (I + A)⁻¹ (I − A), Cayley's transform: every rotation without a turn by half a circle.
  case cayley
  /// exp(A): every rotation.
  case exponential
}

/// A rotation of vectors, made from the skew-symmetric part of a learned matrix; it preserves
/// volume. Starts as the identity.
public struct Rotation: LinearLayer {
  private let form: RotationForm
  let dimension: Int
  private let parameters: LayerParameters
  public var isVolumePreserving: Bool { true }
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes the rotation a function of a context.
  public init(
    dimension n: Int, form: RotationForm = .cayley, name: String, context: ContextNetwork? = nil
  ) {
    self.form = form
    dimension = n
    parameters = LayerParameters(
      name, context: context,
      // Less its transpose, a matrix with ones on the diagonal is any skew-symmetric one.
      [.init("generator", [n, n], constraint: .unitLowerCholesky) { _ in Tensor.eye(n) }])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let generator = parameters(context)[0]
    let matrix = rotation(generator - generator.transposed())
    return LinearMap(
      forward: { apply(matrix, to: $0) }, inverse: { apply(matrix.transposed(), to: $0) },
      logDet: Tensor.zeros([], dtype: dtype))
  }

  private func rotation(_ skew: Tensor) -> Tensor {
    switch form {
    case .cayley:
      let identity = Tensor.eye(skew.shape[skew.rank - 1], dtype: skew.dtype)
      return solve(identity + skew, identity - skew)
    case .exponential: return matrixExponential(skew)
    }
  }
}
