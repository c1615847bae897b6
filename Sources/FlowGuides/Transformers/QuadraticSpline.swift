public import PPL

/// A monotone quadratic spline on [−bound, bound], the identity outside: its slope is continuous,
/// linear in each bin and 1 at the ends (Müller et al. 2019). Parameters: the sizes of the bins
/// along x, and the slopes at the inner edges up to a common factor.
public struct QuadraticSpline: IdentityTails {
  public let bound: Double
  private let bins: Int

  /// - Parameters:
  ///   - bins: how many, from 2 to 999.
  ///   - bound: where the interval ends; positive.
  public init(bins: Int = 8, bound: Double = 5) {
    KnotForm.floored.check(bins, bound, least: 2, "QuadraticSpline")
    self.bins = bins
    self.bound = bound
  }

  public var start: [Double] {
    [Double](repeating: 0, count: bins)
      + [Double](repeating: KnotForm.floored.unitSlope, count: bins - 1)
  }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let knots = knots(parameters)
    let bin = knots.bin(x, knots.across.edges)
    let t = (x - bin.x) / bin.width
    let slope = bin.first + (bin.last - bin.first) * t
    return (bin.y + bin.width * t * (bin.first + slope) / 2, log(slope))
  }

  public func inverseInsideAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let knots = knots(parameters)
    let bin = knots.bin(y, knots.up.edges)
    // (last − first) t² / 2 + first · t = rise, by the formula that is stable for equal slopes.
    let rise = (y - bin.y) / bin.width
    let slope = sqrt(maximum(bin.first * bin.first + 2 * (bin.last - bin.first) * rise, 0))
    return (bin.x + bin.width * 2 * rise / (bin.first + slope), -log(slope))
  }

  private func knots(_ parameters: [Tensor]) -> Knots {
    let widths = KnotForm.floored.sizes(Array(parameters[0..<bins]), total: 2 * bound)
    let heights = parameters[bins...].map(KnotForm.floored.slope)
    // The mean slope must be 1: the area under the polygon through the heights, with the yet unknown
    // height e at both ends, is 2 bound · e.
    var area = (widths[0] * heights[0] + widths[bins - 1] * heights[bins - 2]) / 2
    for index in 1..<bins - 1 {
      area = area + widths[index] * (heights[index - 1] + heights[index]) / 2
    }
    let end = area / (2 * bound - (widths[0] + widths[bins - 1]) / 2)
    let slopes = [1] + heights.map { $0 / end } + [1]
    let sizes = widths.indices.map { widths[$0] * (slopes[$0] + slopes[$0 + 1]) / 2 }
    return Knots(
      across: Bins(lower: -bound, sizes: widths), up: Bins(lower: -bound, sizes: sizes),
      slopes: slopes)
  }

  private struct Bin {
    let x, y, width, first, last: Tensor
  }

  private struct Knots {
    let across: Bins
    let up: Bins
    let slopes: [Tensor]

    func bin(_ position: Tensor, _ edges: [Tensor]) -> Bin {
      let chosen = Bins.choose(
        position, edges,
        [across.starts, up.starts, across.sizes, slopes.dropLast(), Array(slopes.dropFirst())])
      return Bin(x: chosen[0], y: chosen[1], width: chosen[2], first: chosen[3], last: chosen[4])
    }
  }
}
