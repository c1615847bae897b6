internal import PPL

/// x ↦ U diag(s) V x + shift for orthogonal U and V, products of n reflections each, and positive
/// s; log det Σ log s.
public struct SVDLinear: LinearLayer {
  let dimension: Int
  private let parameters: LayerParameters

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes the factors and the shift functions of a context.
  public init(dimension n: Int, name: String, context: ContextNetwork? = nil) {
    dimension = n
    parameters = LayerParameters(
      name, context: context,
      [
        Householder.vectors(n, n, "left"), Householder.vectors(n, n, "right"),
        .init("scale", [n], constraint: .softplusPositive.independent(1)) { _ in
          Tensor.ones([n])
        },
        .init("shift", [n]),
      ])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let values = parameters(context)
    let (left, right, scale, shift) = (values[0], values[1], values[2], values[3])
    return LinearMap(
      forward: { reflected(scale * reflected($0, right), left) + shift },
      inverse: {
        let middle = reflected($0 - shift, left, isReversed: true) / scale
        return reflected(middle, right, isReversed: true)
      },
      logDet: log(scale).sum(axis: -1))
  }
}
