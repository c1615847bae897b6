public import PPL

/// x ↦ x + û tanh(wᵀx + b) (Rezende & Mohamed 2015); log det log(1 + (1 − tanh²) wᵀû).
///
/// û is u with its part along w changed so that wᵀû = softplus(wᵀu + log(e − 1)) − 1 > −1: the map
/// increases along w. Backwards, v = wᵀx + b solves the scalar equation v + wᵀû tanh v = wᵀy + b.
/// Starts near the identity.
public struct Planar: VectorLayer {
  let dimension: Int
  private let parameters: LayerParameters

  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes w, u and b functions of a context.
  public init(dimension: Int, name: String, context: ContextNetwork? = nil) {
    precondition(dimension > 0, "Planar: dimension must be positive, got \(dimension)")
    self.dimension = dimension
    let bound = 1 / Double(dimension).squareRoot()
    parameters = LayerParameters(
      name, context: context,
      [
        .init("w", [dimension]) { bound * (2 * $0.uniform([dimension]) - 1) },
        .init("u", [dimension], isChange: true) {
          0.01 * bound * (2 * $0.uniform([dimension]) - 1)
        },
        .init("b", []),
      ])
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let plane = Plane(parameters(context))
    let h = tanh(plane.height(x))
    return (x + plane.direction * h.expandingDims(at: -1), plane.logDet(h))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let plane = Plane(parameters(context))
    let h = tanh(tanhRoot(plane.height(y), plane.slope))
    return (y - plane.direction * h.expandingDims(at: -1), -plane.logDet(h))
  }

  /// The parameters as the map uses them.
  private struct Plane {
    let w: Tensor
    let b: Tensor
    /// û.
    let direction: Tensor
    /// 1 + wᵀû.
    let slope: Tensor

    init(_ parameters: [Tensor]) {
      let u = parameters[1]
      (w, b) = (parameters[0], parameters[2])
      let along = (w * u).sum(axis: -1)
      slope = softplus(along + logOfEMinus1)
      let correction = (slope - 1 - along) / square(w).sum(axis: -1)
      direction = u + correction.expandingDims(at: -1) * w
    }

    func height(_ x: Tensor) -> Tensor { (w * x).sum(axis: -1) + b }

    func logDet(_ h: Tensor) -> Tensor { log(tanhSlope(h, slope)) }
  }
}

/// log(e − 1), where softplus is 1.
private let logOfEMinus1: Tensor = 0.541324854612918
