internal import PPL

/// A product of reflections x ↦ x − 2 v (vᵀx) / (vᵀv) (Tomczak & Welling 2016): an orthogonal map,
/// which preserves volume.
public struct Householder: LinearLayer {
  let dimension: Int
  private let parameters: LayerParameters
  public var isVolumePreserving: Bool { true }

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - reflections: how many; n of them reach every orthogonal matrix.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes the directions of the reflections functions of a context.
  public init(
    dimension n: Int, reflections: Int = 1, name: String, context: ContextNetwork? = nil
  ) {
    precondition(reflections > 0, "Householder: reflections must be positive, got \(reflections)")
    dimension = n
    parameters = LayerParameters(
      name, context: context, [Householder.vectors(n, reflections, "vectors")])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let vectors = parameters(context)[0]
    return LinearMap(
      forward: { reflected($0, vectors) }, inverse: { reflected($0, vectors, isReversed: true) },
      logDet: Tensor.zeros([], dtype: dtype))
  }

  /// The directions of some reflections, which start random.
  static func vectors(_ n: Int, _ count: Int, _ name: String) -> LayerParameters.Declaration {
    .init(name, [count, n]) { $0.normal([count, n]) }
  }
}

/// Vectors reflected along the rows of `vectors`, of shape … × count × n, one after another.
func reflected(_ x: Tensor, _ vectors: Tensor, isReversed: Bool = false) -> Tensor {
  let count = vectors.shape[vectors.rank - 2]
  let order = isReversed ? Array((0..<count).reversed()) : Array(0..<count)
  return order.reduce(x) { x, index in
    let v = vectors.selecting(index, along: vectors.rank - 2)
    let factor = 2 * (v * x).sum(axis: -1, keepingAxes: true)
    return x - factor / square(v).sum(axis: -1, keepingAxes: true) * v
  }
}
