import Foundation
public import PPL

/// A piecewise linear map of bins of equal width on [−bound, bound], the identity outside (Müller et
/// al. 2019). Parameters: the sizes of the bins along y.
public struct LinearSpline: IdentityTails {
  public let bound: Double
  private let bins: Int

  /// - Parameters:
  ///   - bins: how many, at most 999.
  ///   - bound: where the interval ends; positive.
  public init(bins: Int = 8, bound: Double = 5) {
    KnotForm.floored.check(bins, bound, "LinearSpline")
    self.bins = bins
    self.bound = bound
  }

  public var start: [Double] { [Double](repeating: 0, count: bins) }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let up = bins(parameters)
    let chosen = Bins.choose(x, Array(starts.dropFirst()), [starts, up.starts, up.sizes])
    let slope = chosen[2] / width
    return (chosen[1] + (x - chosen[0]) * slope, log(slope))
  }

  public func inverseInsideAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let up = bins(parameters)
    let chosen = Bins.choose(y, up.edges, [starts, up.starts, up.sizes])
    let slope = chosen[2] / width
    return (chosen[0] + (y - chosen[1]) / slope, -log(slope))
  }

  private var width: Double { 2 * bound / Double(bins) }

  private var starts: [Tensor] {
    (0..<bins).map { Tensor(floatLiteral: -bound + width * Double($0)) }
  }

  private func bins(_ parameters: [Tensor]) -> Bins {
    Bins(lower: -bound, sizes: KnotForm.floored.sizes(parameters, total: 2 * bound))
  }
}
