public import PPL

/// x ↦ z₀ + (x − z₀) (r + γ) / (r + α) with r = ‖x − z₀‖ (Rezende & Mohamed 2015, with γ = α + β):
/// expands or contracts around the centre z₀.
///
/// α and γ are positive, which is what keeps it invertible (β > −α). Log det (n − 1) log((r + γ) /
/// (r + α)) + log((r² + 2αr + αγ) / (r + α)²). Backwards, r is the positive root of a quadratic
/// equation. Starts as the identity, γ = α.
public struct Radial: VectorLayer {
  let dimension: Int
  private let parameters: LayerParameters

  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes the centre, α and γ functions of a context.
  public init(dimension: Int, name: String, context: ContextNetwork? = nil) {
    precondition(dimension > 0, "Radial: dimension must be positive, got \(dimension)")
    self.dimension = dimension
    let bound = 1 / Double(dimension).squareRoot()
    parameters = LayerParameters(
      name, context: context,
      [
        .init("center", [dimension]) { bound * (2 * $0.uniform([dimension]) - 1) },
        .init("alpha", [], constraint: .softplusPositive) { _ in Tensor(1.0) },
        .init("gamma", [], constraint: .softplusPositive) { _ in Tensor(1.0) },
      ])
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let values = parameters(context)
    let (center, alpha, gamma) = (values[0], values[1], values[2])
    let offset = x - center
    let r = length(offset)
    let scale = (r + gamma) / (r + alpha)
    return (center + scale.expandingDims(at: -1) * offset, logDet(r, alpha, gamma))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let values = parameters(context)
    let (center, alpha, gamma) = (values[0], values[1], values[2])
    let offset = y - center
    // The distance ρ of y from the centre is r (r + γ) / (r + α): r² + (γ − ρ) r − αρ = 0.
    let rho = length(offset)
    let half = (gamma - rho) / 2
    let root = sqrt(half * half + alpha * rho)
    // The form without a difference of nearly equal numbers.
    let isPositive = half .> 0
    let r = `where`(
      isPositive, alpha * rho / `where`(isPositive, half + root, 1), root - half)
    let scale = (r + alpha) / (r + gamma)
    return (center + scale.expandingDims(at: -1) * offset, -logDet(r, alpha, gamma))
  }

  private func logDet(_ r: Tensor, _ alpha: Tensor, _ gamma: Tensor) -> Tensor {
    let sum = r + alpha
    let around = Double(dimension - 1) * log((r + gamma) / sum)
    return around + log((r * r + 2 * alpha * r + alpha * gamma) / (sum * sum))
  }

  /// The length of each vector; its derivative at zero is zero.
  private func length(_ offset: Tensor) -> Tensor {
    let squared = square(offset).sum(axis: -1)
    let isZero = squared .== 0
    return `where`(isZero, 0, sqrt(`where`(isZero, 1, squared)))
  }
}
