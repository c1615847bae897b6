public import PPL

/// x ↦ exp(logScale) x + shift per coordinate, which starts by giving some data mean 0 and standard
/// deviation 1 (Kingma & Dhariwal 2018); log det Σ logScale.
///
/// Without data it starts as the identity; a coordinate that is constant in the data starts with the
/// scale 1. The initial values are computed once, when the parameters are first met, from data that a
/// bijector is made with:
///
///     ActNorm(dimension: 3, name: "norm", normalizing: .values(of: noise, through: earlierLayers))
///     ActNorm(dimension: 3, name: "norm", normalizing: .points(of: data, through: laterLayers))
public struct ActNorm: VectorLayer {
  /// What shall have mean 0 and standard deviation 1.
  public enum Normalization: Sendable {
    /// The values of the layer, where these points have gone forward through layers before it.
    case values(of: Tensor, through: [any Bijector])
    /// The points of the layer, where these values have gone backward through layers after it.
    case points(of: Tensor, through: [any Bijector])
  }

  let dimension: Int
  private let name: String
  private let normalization: Normalization?

  public var isAutoregressive: Bool { true }
  public var startsNearIdentity: Bool { normalization == nil }

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  public init(dimension: Int, name: String, normalizing normalization: Normalization? = nil) {
    self.dimension = dimension
    self.name = name
    self.normalization = normalization
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let (shift, logScale) = parameters()
    return (exp(logScale) * x + shift, logDet(logScale, x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let (shift, logScale) = parameters()
    return (exp(-logScale) * (y - shift), -logDet(logScale, y))
  }

  private func logDet(_ logScale: Tensor, _ x: Tensor) -> Tensor {
    logScale.sum().broadcast(to: Shape(x.shape.dropLast()))
  }

  private func parameters() -> (shift: Tensor, logScale: Tensor) {
    let layer = self
    return (
      param("\(name).shift") { _ in layer.initialValues().shift },
      param("\(name).logScale") { _ in layer.initialValues().logScale }
    )
  }

  private func initialValues() -> (shift: Tensor, logScale: Tensor) {
    switch normalization {
    case nil: return (Tensor.zeros([dimension]), Tensor.zeros([dimension]))
    case .values(let points, let layers):
      let (mean, deviation) = moments(Compose(layers).forward(points))
      return (-mean / deviation, -log(deviation))
    case .points(let values, let layers):
      let (mean, deviation) = moments(Compose(layers).inverse(values))
      return (mean, log(deviation))
    }
  }

  private func moments(_ x: Tensor) -> (mean: Tensor, deviation: Tensor) {
    let (mean, deviation) = columnMoments(x.reshaped(to: [x.count / dimension, dimension]))
    // The deviation of equal numbers is no more than the rounding of their mean.
    let rounding = x.dtype == .float32 ? 1e-6 : 1e-14
    return (mean, `where`(deviation .> rounding * abs(mean), deviation, 1))
  }
}
