public import PPL

/// A monotone spline of ratios of linear functions, two in each bin, on [−bound, bound], the
/// identity outside (Dolatabadi et al. 2020). Parameters: the sizes of the bins along x, those along
/// y, the slopes at the inner edges, and for each bin where it is cut in two.
public struct LinearRationalSpline: IdentityTails {
  public let bound: Double
  private let bins: Int
  private let form: KnotForm

  /// - Parameters:
  ///   - bins: how many, at most 999 where they are `floored`.
  ///   - bound: where the interval ends; positive.
  ///   - form: how parameters become bins and slopes.
  public init(bins: Int = 8, bound: Double = 5, form: KnotForm = .floored) {
    form.check(bins, bound, "LinearRationalSpline")
    self.bins = bins
    self.bound = bound
    self.form = form
  }

  public var start: [Double] {
    [Double](repeating: 0, count: 2 * bins)
      + [Double](repeating: form.unitSlope, count: bins - 1) + [Double](repeating: 0, count: bins)
  }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let (across, up) = bins(parameters)
    let bin = bin(x, across.edges, across, up, parameters)
    let t = (x - bin.x) / bin.width
    let (isEarly, cut) = (t .<= bin.cut, bin.cut)
    let early = (
      bin.y * (cut - t) + bin.middleWeight * bin.middle * t, cut - t + bin.middleWeight * t
    )
    let late = (
      bin.middleWeight * bin.middle * (1 - t) + bin.endWeight * bin.end * (t - cut),
      bin.middleWeight * (1 - t) + bin.endWeight * (t - cut)
    )
    let denominator = `where`(isEarly, early.1, late.1)
    let y = `where`(isEarly, early.0, late.0) / denominator
    return (y, logSlope(bin, isEarly, denominator))
  }

  public func inverseInsideAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let (across, up) = bins(parameters)
    let bin = bin(y, up.edges, across, up, parameters)
    let (isEarly, cut) = (y .<= bin.middle, bin.cut)
    let (fromStart, fromMiddle, fromEnd) = (y - bin.y, bin.middle - y, bin.end - y)
    let early = (cut * fromStart, fromStart + bin.middleWeight * fromMiddle)
    let late = (
      cut * bin.endWeight * fromEnd - bin.middleWeight * fromMiddle,
      bin.endWeight * fromEnd - bin.middleWeight * fromMiddle
    )
    let t = `where`(isEarly, early.0, late.0) / `where`(isEarly, early.1, late.1)
    let denominator = `where`(
      isEarly, cut - t + bin.middleWeight * t,
      bin.middleWeight * (1 - t) + bin.endWeight * (t - cut))
    return (bin.x + t * bin.width, -logSlope(bin, isEarly, denominator))
  }

  /// A bin, cut in two at a share of its width. The weights are those of the rational functions, 1
  /// at the start.
  private struct Bin {
    let x, y, end, width, cut, middle, middleWeight, endWeight: Tensor
  }

  private func bins(_ parameters: [Tensor]) -> (across: Bins, up: Bins) {
    let sizes = [0, bins].map {
      form.sizes(Array(parameters[$0..<$0 + bins]), total: 2 * bound)
    }
    return (Bins(lower: -bound, sizes: sizes[0]), Bins(lower: -bound, sizes: sizes[1]))
  }

  private func bin(
    _ position: Tensor, _ edges: [Tensor], _ across: Bins, _ up: Bins, _ parameters: [Tensor]
  ) -> Bin {
    let inner = parameters[(2 * bins)..<(3 * bins - 1)].map(form.slope)
    let cuts = parameters[(3 * bins - 1)...].map { 0.025 + 0.95 * sigmoid($0) }
    let chosen = Bins.choose(
      position, edges,
      [across.starts, up.starts, across.sizes, up.sizes, [1] + inner, inner + [1], cuts])
    let (y, width, height, cut) = (chosen[1], chosen[2], chosen[3], chosen[6])
    let (first, last) = (chosen[4], chosen[5])
    let endWeight = sqrt(first / last)
    let middleWeight = (cut * first + (1 - cut) * endWeight * last) * width / height
    let middle = y + height * cut * endWeight / (1 - cut + cut * endWeight)
    return Bin(
      x: chosen[0], y: y, end: y + height, width: width, cut: cut, middle: middle,
      middleWeight: middleWeight, endWeight: endWeight)
  }

  private func logSlope(_ bin: Bin, _ isEarly: Tensor, _ denominator: Tensor) -> Tensor {
    let numerator = `where`(
      isEarly, bin.cut * (bin.middle - bin.y),
      bin.endWeight * (1 - bin.cut) * (bin.end - bin.middle))
    return log(bin.middleWeight * numerator / bin.width) - 2 * log(denominator)
  }
}
