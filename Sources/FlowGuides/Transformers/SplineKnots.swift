import Foundation
import PPL

/// How numbers without bounds become the bins of a spline and its slopes at their edges.
public enum KnotForm: Sendable {
  /// Sizes are a softmax and slopes a softplus, plus 1/1000 (Durkan et al. 2019).
  case floored
  /// Sizes are a softmax and slopes an exponential of smoothly limited numbers (Zuko).
  case softClamped

  /// Stops the program unless an interval of [−bound, bound] can have so many bins.
  func check(_ bins: Int, _ bound: Double, least: Int = 1, _ spline: StaticString) {
    precondition(bins >= least, "\(spline): bins must be at least \(least), got \(bins)")
    precondition(
      floor * Double(bins) < 1,
      "\(spline): bins of at least \(floor) of the interval each fill it before there are \(bins)")
    precondition(bound > 0, "\(spline): bound must be positive, got \(bound)")
  }

  /// The least share of an interval that a bin takes.
  private var floor: Double { self == .floored ? 1e-3 : 0 }

  /// Sizes of bins that fill an interval.
  func sizes(_ logits: [Tensor], total: Double) -> [Tensor] {
    let logits = self == .floored ? logits : logits.map { softClamp($0, bound: logLimit / 2) }
    let peak = stopGradient(logits.dropFirst().reduce(logits[0], maximum))
    let weights = logits.map { exp($0 - peak) }
    let sum = weights.dropFirst().reduce(weights[0], +)
    let factor = total * (1 - floor * Double(logits.count)) / sum
    return weights.map { factor * $0 + total * floor }
  }

  /// Positive slopes.
  func slope(_ x: Tensor) -> Tensor {
    self == .floored ? 1e-3 + softplus(x) : exp(softClamp(x, bound: logLimit))
  }

  /// The parameter that gives the slope 1.
  var unitSlope: Double { self == .floored ? Self.softplusInverse(0.999) : 0 }

  private var logLimit: Double { log(1000) }

  /// The x with log(1 + eˣ) = y.
  static func softplusInverse(_ y: Double) -> Double { log(expm1(y)) }
}

/// The bins of a spline on an interval, side by side.
struct Bins {
  /// The least number of the interval.
  let lower: Double
  let sizes: [Tensor]

  /// The edges between bins.
  var edges: [Tensor] {
    var edge = Tensor(floatLiteral: lower)
    return sizes.dropLast().map { size in
      edge = edge + size
      return edge
    }
  }

  /// Where each bin begins.
  var starts: [Tensor] { [Tensor(floatLiteral: lower)] + edges }

  /// A bin of two splines of as many bins, one along each axis, with the slopes at its edges.
  struct Cell {
    let x, y, width, height, first, last: Tensor
  }

  /// The cell that a position lies in, among those of bins along x and y.
  static func cell(
    _ position: Tensor, _ edges: [Tensor], across: Bins, up: Bins, slopes: [Tensor]
  ) -> Cell {
    let chosen = choose(
      position, edges,
      [
        across.starts, up.starts, across.sizes, up.sizes, slopes.dropLast(),
        Array(slopes.dropFirst()),
      ])
    return Cell(
      x: chosen[0], y: chosen[1], width: chosen[2], height: chosen[3], first: chosen[4],
      last: chosen[5])
  }

  /// For each list, which has one entry per bin, the entry of the bin that x lies in.
  static func choose(_ x: Tensor, _ edges: [Tensor], _ lists: [[Tensor]]) -> [Tensor] {
    var chosen = lists.map { $0[0] }
    for (index, edge) in edges.enumerated() {
      let isBeyond = x .>= edge
      chosen = zip(lists, chosen).map { `where`(isBeyond, $0[index + 1], $1) }
    }
    return chosen
  }
}
