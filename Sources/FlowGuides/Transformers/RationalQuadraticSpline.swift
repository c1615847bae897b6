public import PPL

/// A monotone spline of ratios of quadratics on [−bound, bound], the identity outside (Durkan et al.
/// 2019). Parameters: the sizes of the bins along x, those along y, the slopes at the inner edges.
public struct RationalQuadraticSpline: IdentityTails {
  public let bound: Double
  private let bins: Int
  private let form: KnotForm

  /// - Parameters:
  ///   - bins: how many, at most 999 where they are `floored`.
  ///   - bound: where the interval ends; positive.
  ///   - form: how parameters become bins and slopes.
  public init(bins: Int = 8, bound: Double = 5, form: KnotForm = .floored) {
    form.check(bins, bound, "RationalQuadraticSpline")
    self.bins = bins
    self.bound = bound
    self.form = form
  }

  public var start: [Double] {
    [Double](repeating: 0, count: 2 * bins)
      + [Double](repeating: form.unitSlope, count: bins - 1)
  }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    knots(parameters).value(x)
  }

  public func inverseInsideAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    knots(parameters).inverse(y)
  }

  private func knots(_ parameters: [Tensor]) -> RationalQuadraticKnots {
    let inner = parameters[(2 * bins)...].map(form.slope)
    return RationalQuadraticKnots(
      parameters, bins, bound, form, slopes: [1] + inner + [1])
  }
}

/// A monotone spline of ratios of quadratics from the circle of angles in [−bound, bound] onto
/// itself, with the same slope where its ends meet (Rezende et al. 2020). Parameters: the sizes of
/// the bins along x, those along y, the slopes at the edges.
///
/// It leaves the angle ±bound where it is; put a `CircularShift` between layers.
public struct CircularSpline: Transformer {
  private let bins: Int
  private let bound: Double
  private let form: KnotForm

  /// - Parameters:
  ///   - bins: how many, at most 999 where they are `floored`.
  ///   - bound: where the circle is cut; positive.
  ///   - form: how parameters become bins and slopes.
  public init(bins: Int = 8, bound: Double = .pi, form: KnotForm = .floored) {
    form.check(bins, bound, "CircularSpline")
    self.bins = bins
    self.bound = bound
    self.form = form
  }

  public var start: [Double] {
    [Double](repeating: 0, count: 2 * bins) + [Double](repeating: form.unitSlope, count: bins)
  }
  public var domain: Constraint {
    .interval(Tensor(floatLiteral: -bound), Tensor(floatLiteral: bound))
  }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    knots(parameters).value(within(x))
  }

  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = knots(parameters).inverse(within(y))
    return (x, logDet)
  }

  private func within(_ x: Tensor) -> Tensor {
    clamp(x, Tensor(floatLiteral: -bound), Tensor(floatLiteral: bound))
  }

  private func knots(_ parameters: [Tensor]) -> RationalQuadraticKnots {
    let slopes = parameters[(2 * bins)...].map(form.slope)
    return RationalQuadraticKnots(parameters, bins, bound, form, slopes: slopes + [slopes[0]])
  }
}

/// The knots of a rational quadratic spline on an interval.
private struct RationalQuadraticKnots {
  private let across: Bins
  private let up: Bins
  private let slopes: [Tensor]

  init(_ parameters: [Tensor], _ bins: Int, _ bound: Double, _ form: KnotForm, slopes: [Tensor]) {
    across = Bins(lower: -bound, sizes: form.sizes(Array(parameters[0..<bins]), total: 2 * bound))
    up = Bins(
      lower: -bound, sizes: form.sizes(Array(parameters[bins..<2 * bins]), total: 2 * bound))
    self.slopes = slopes
  }

  private func cell(_ position: Tensor, _ edges: [Tensor]) -> Bins.Cell {
    Bins.cell(position, edges, across: across, up: up, slopes: slopes)
  }

  func value(_ x: Tensor) -> (y: Tensor, logDet: Tensor) {
    let bin = cell(x, across.edges)
    let t = (x - bin.x) / bin.width
    let (slope, mixed) = (bin.height / bin.width, t * (1 - t))
    let denominator = slope + (bin.first + bin.last - 2 * slope) * mixed
    let y = bin.y + bin.height * (slope * t * t + bin.first * mixed) / denominator
    return (y, logSlope(bin, t, slope, denominator))
  }

  func inverse(_ y: Tensor) -> (x: Tensor, logDet: Tensor) {
    let bin = cell(y, up.edges)
    let slope = bin.height / bin.width
    let rise = y - bin.y
    let excess = bin.first + bin.last - 2 * slope
    let a = bin.height * (slope - bin.first) + rise * excess
    let b = bin.height * bin.first - rise * excess
    let c = -slope * rise
    // Rounding must not make the discriminant negative.
    let root = sqrt(maximum(b * b - 4 * a * c, 0))
    let t = 2 * c / (-b - root)
    let denominator = slope + excess * t * (1 - t)
    return (bin.x + t * bin.width, -logSlope(bin, t, slope, denominator))
  }

  private func logSlope(
    _ bin: Bins.Cell, _ t: Tensor, _ slope: Tensor, _ denominator: Tensor
  ) -> Tensor {
    let s = 1 - t
    let numerator = bin.last * t * t + 2 * slope * t * s + bin.first * s * s
    return log(numerator) + 2 * log(slope / denominator)
  }
}
