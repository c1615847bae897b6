public import PPL

/// The negative gradient of a learned potential (OT-Flow; Onken et al. 2021), with its divergence
/// in closed form.
///
/// With s = (x, t): Φ(s) = wᵀN(s) + ½ |A s|² + bᵀs for the residual network N(s) = u + σ(K₁u + b₁),
/// u = σ(K₀s + b₀), with σ(a) = log(eᵃ + e⁻ᵃ).
public struct PotentialField: VelocityField {
  private let dimension: Int
  private let width: Int
  private let name: String
  private let context: ContextNetwork?

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - width: of the network.
  ///   - name: the prefix of the parameters' names.
  ///   - context: moves the units of the first layer.
  public init(dimension: Int, width: Int = 32, name: String, context: ContextNetwork? = nil) {
    precondition(
      dimension > 0 && width > 0,
      "PotentialField: dimension and width must be positive, got \(dimension) and \(width)")
    (self.dimension, self.width, self.name, self.context) = (dimension, width, name, context)
  }

  public func parameters(context given: Tensor?) -> [Tensor] {
    let (m, d) = (width, dimension + 1)
    let rank = min(10, d)
    let (open, close) = (1 / Double(d).squareRoot(), 1 / Double(m).squareRoot())
    return [
      param("\(name).weight0") { open * (2 * $0.uniform([m, d]) - 1) },
      bias(0, m, name, context, given),
      param("\(name).weight1") { close * (2 * $0.uniform([m, m]) - 1) },
      bias(1, m, name, nil, nil),
      change("\(name).output") { 0.01 * close * (2 * $0.uniform([m]) - 1) },
      param("\(name).quadratic") { 0.01 * open * (2 * $0.uniform([rank, d]) - 1) },
      param("\(name).linear", Tensor.zeros([d])),
    ]
  }

  public func velocity(_ x: Tensor, time: Tensor, parameters: [Tensor]) -> Tensor {
    -slope(x, time, parameters).slice(0..<dimension, along: -1)
  }

  public func velocityAndDivergence(
    _ x: Tensor, time: Tensor, parameters: [Tensor]
  ) -> (velocity: Tensor, divergence: Tensor) {
    let units = Units(x, time, parameters)
    let slope = units.slope(parameters)
    return (
      -slope.slice(0..<dimension, along: -1), -units.laplacian(parameters, dimension: dimension)
    )
  }

  /// |∂Φ/∂t − ½ |∂Φ/∂x|²|: zero along ways of least transport cost.
  public func roughness(
    _ x: Tensor, time: Tensor, parameters: [Tensor], signs: Tensor?
  ) -> Tensor {
    let slope = slope(x, time, parameters)
    let kinetic = 0.5 * square(slope.slice(0..<dimension, along: -1)).sum(axis: -1)
    return abs(slope.selecting(dimension, along: -1) - kinetic)
  }

  /// ∂Φ/∂s at points and a time: the last element is the one with respect to time.
  private func slope(_ x: Tensor, _ time: Tensor, _ parameters: [Tensor]) -> Tensor {
    Units(x, time, parameters).slope(parameters)
  }
}

/// What the layers of a potential's network make of some points. σ′ = tanh, σ″ = 1 − tanh².
private struct Units {
  let s: Tensor
  /// σ′ of the first and the second layer.
  let first: Tensor
  let second: Tensor
  /// ∂Φ/∂u.
  let back: Tensor

  init(_ x: Tensor, _ time: Tensor, _ parameters: [Tensor]) {
    s = x.joined(with: time)
    let inner = apply(parameters[0], to: s) + parameters[1]
    let u = abs(inner) + log1p(exp(-2 * abs(inner)))
    first = tanh(inner)
    second = tanh(apply(parameters[2], to: u) + parameters[3])
    back = parameters[4] + vectorProduct(second * parameters[4], parameters[2])
  }

  func slope(_ parameters: [Tensor]) -> Tensor {
    let quadratic = vectorProduct(apply(parameters[5], to: s), parameters[5])
    return vectorProduct(first * back, parameters[0]) + quadratic + parameters[6]
  }

  /// Σ ∂²Φ/∂xᵢ².
  func laplacian(_ parameters: [Tensor], dimension: Int) -> Tensor {
    let weight = parameters[0].slice(0..<dimension, along: 1)
    let firstPart = ((1 - first * first) * back * square(weight).sum(axis: 1)).sum(axis: -1)
    // K₁ ∂u/∂x, one matrix per point.
    let slopes = matmul(parameters[2], first.expandingDims(at: -1) * weight)
    let curvature = (1 - second * second) * parameters[4]
    let secondPart = (curvature * square(slopes).sum(axis: -1)).sum(axis: -1)
    let quadratic = square(parameters[5].slice(0..<dimension, along: 1)).sum()
    return firstPart + secondPart + quadratic
  }
}
