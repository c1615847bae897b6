public import PPL

/// x ↦ shift + scale · x with a learned shift and positive scale per coordinate; starts as the
/// identity.
public struct DiagonalAffine: VectorLayer {
  let dimension: Int
  private let name: String
  private let initialLogScale: Double

  public var isAutoregressive: Bool { true }
  public var startsNearIdentity: Bool { true }

  /// - Parameter name: the prefix of the parameters' names.
  public init(dimension: Int, name: String) {
    self.init(dimension: dimension, name: name, initialLogScale: 0)
  }

  init(dimension: Int, name: String, initialLogScale: Double) {
    self.dimension = dimension
    self.name = name
    self.initialLogScale = initialLogScale
  }

  private var shift: Tensor { param("\(name).shift", Tensor.zeros([dimension])) }
  private var logScale: Tensor {
    param("\(name).logScale", Tensor.full([dimension], initialLogScale))
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let logScale = logScale
    return (shift + exp(logScale) * x, total(logScale, x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let logScale = logScale
    return ((y - shift) * exp(-logScale), -total(logScale, y))
  }

  private func total(_ logScale: Tensor, _ x: Tensor) -> Tensor {
    logScale.sum().broadcast(to: Shape(x.shape.dropLast()))
  }
}
