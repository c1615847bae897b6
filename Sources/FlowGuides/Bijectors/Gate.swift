public import PPL

/// x ↦ σ(g) x per coordinate, with a gate for each that a network computes from the context, or that
/// is learned (nflows' `GatedLinearUnit`); log det Σ log σ(g). It contracts only, and starts with
/// gates almost open: σ(4) = 0.98.
public struct Gate: VectorLayer {
  let dimension: Int
  private let parameters: LayerParameters

  public var isAutoregressive: Bool { true }
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: how the gates follow a context, if they do.
  public init(dimension: Int, name: String, context: ContextNetwork? = nil) {
    self.dimension = dimension
    parameters = LayerParameters(
      name, context: context, [.init("gate", [dimension]) { _ in Tensor.full([dimension], 4) }])
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let gate = parameters(context)[0]
    let y = sigmoid(gate) * x
    return (y, logSigmoid(gate).broadcast(to: y.shape).sum(axis: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let gate = parameters(context)[0]
    // 1 / σ(g) = 1 + e⁻ᵍ
    let x = y + exp(-gate) * y
    return (x, -logSigmoid(gate).broadcast(to: x.shape).sum(axis: -1))
  }
}
