import Foundation
public import PPL

/// A monotone cubic spline on [−bound, bound], the identity outside (Durkan et al. 2019b, with
/// Steffen's slopes). Parameters: the sizes of the bins along x, those along y, and the slopes at
/// the two ends.
///
/// The inverse is found by root finding inside a bin: the formula for roots of cubics loses digits.
public struct CubicSpline: IdentityTails {
  public let bound: Double
  private let bins: Int

  /// - Parameters:
  ///   - bins: how many, at most 999.
  ///   - bound: where the interval ends; positive.
  public init(bins: Int = 8, bound: Double = 5) {
    KnotForm.floored.check(bins, bound, "CubicSpline")
    self.bins = bins
    self.bound = bound
  }

  public var start: [Double] { [Double](repeating: 0, count: 2 * bins) + [-log(2), -log(2)] }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let knots = knots(parameters)
    let bin = knots.bin(x, knots.across.edges)
    let t = (x - bin.x) / bin.width
    return (bin.y + bin.height * bin.rise(t), log(bin.height / bin.width * bin.slope(t)))
  }

  public func inverseInsideAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let knots = knots(parameters)
    let bin = knots.bin(y, knots.up.edges)
    let rise = clamp((y - bin.y) / bin.height, 0, 1)
    let t = monotoneRoot(of: rise, between: (Tensor(0, dtype: y.dtype), Tensor(1, dtype: y.dtype)))
    {
      (bin.rise($0), bin.slope($0))
    }
    return (bin.x + bin.width * t, -log(bin.height / bin.width * bin.slope(t)))
  }

  /// A bin as a map of the unit interval onto itself: t ↦ t (d₀ + t (3 − 2 d₀ − d₁ + t (d₀ + d₁ − 2))).
  private struct Bin {
    let x, y, width, height, first, last: Tensor

    func rise(_ t: Tensor) -> Tensor {
      t * (first + t * (3 - 2 * first - last + t * (first + last - 2)))
    }

    func slope(_ t: Tensor) -> Tensor {
      first + t * (2 * (3 - 2 * first - last) + t * 3 * (first + last - 2))
    }
  }

  private struct Knots {
    let across: Bins
    let up: Bins
    /// The slopes at the edges.
    let slopes: [Tensor]

    /// The bin of a position, its slopes in units of its mean slope.
    func bin(_ position: Tensor, _ edges: [Tensor]) -> Bin {
      let cell = Bins.cell(position, edges, across: across, up: up, slopes: slopes)
      let unit = cell.width / cell.height
      return Bin(
        x: cell.x, y: cell.y, width: cell.width, height: cell.height, first: cell.first * unit,
        last: cell.last * unit)
    }
  }

  private func knots(_ parameters: [Tensor]) -> Knots {
    let sizes = [0, bins].map {
      KnotForm.floored.sizes(Array(parameters[$0..<$0 + bins]), total: 2 * bound)
    }
    let (widths, heights) = (sizes[0], sizes[1])
    let means = zip(heights, widths).map { $0 / $1 }
    // Steffen (1990): the slope of the parabola through three knots, limited where it would not be
    // monotone.
    let inner = (0..<bins - 1).map { index -> Tensor in
      let (left, right) = (widths[index], widths[index + 1])
      let parabola = (means[index] * right + means[index + 1] * left) / (left + right)
      return minimum(2 * minimum(means[index], means[index + 1]), parabola)
    }
    let ends = [(0, means[0]), (1, means[bins - 1])].map { index, mean in
      3 * sigmoid(parameters[2 * bins + index]) * mean
    }
    return Knots(
      across: Bins(lower: -bound, sizes: widths), up: Bins(lower: -bound, sizes: heights),
      slopes: [ends[0]] + inner + [ends[1]])
  }
}
