import Foundation
public import Tensors

/// The narrowest interval that holds a share of the draws: Pyro's `hpdi`, ArviZ's `hdi`.
///
/// - Parameters:
///   - probability: the share, in (0, 1).
///   - axis: that of the draws.
/// - Returns: the lower and upper ends, along a new first axis; the axis of the draws is gone.
public func hpdi(_ draws: Tensor, probability: Double = 0.9, axis: Int = 0) -> Tensor {
  precondition(
    probability > 0 && probability < 1,
    "hpdi: expected a probability in (0, 1), got \(probability)")
  let axis = draws.shape.normalized(axis: axis, "hpdi")
  let count = draws.shape[axis]
  let steps = Int(probability * Double(count))
  precondition(steps > 0, "hpdi: \(count) draws are too few to hold a share of \(probability)")
  let sorted = draws.sorted(along: axis)
  let low = sorted.slice(0..<(count - steps), along: axis)
  let high = sorted.slice(steps..<count, along: axis)
  let start = (high - low).argmin(axis: axis).expandingDims(at: axis)
  return stack([low, high].map { $0.takeAlong(start, axis: axis).squeezing(at: axis) })
}

/// Quantiles of weighted draws along an axis; they are the first axis of the result.
///
/// Cumulative weights at the sorted draws, scaled to run from 0 to 1, are interpolated linearly: with
/// equal weights these are the quantiles of the draws. Pyro's `weighed_quantile`.
///
/// - Parameter logWeights: a vector, one for each draw; they need not be normalised.
public func weightedQuantiles(
  _ draws: Tensor, _ qs: [Double], logWeights: Tensor, axis: Int = 0
) -> Tensor {
  let axis = draws.shape.normalized(axis: axis, "weightedQuantiles")
  precondition(
    logWeights.shape == [draws.shape[axis]],
    "weightedQuantiles: \(draws.shape[axis]) draws, and weights of shape \(logWeights.shape)")
  precondition(
    qs.allSatisfy { $0 >= 0 && $0 <= 1 },
    "weightedQuantiles: expected numbers in [0, 1], got \(qs)")
  let weights = exp(logWeights - logWeights.max()).array()
  let rest = draws.shape.indices.filter { $0 != axis }
  let rows = draws.cast(to: .float64).transposed(to: rest + [axis]).array()
  let quantiles = stride(from: 0, to: rows.count, by: weights.count).map { start in
    weightedQuantiles(Array(rows[start..<start + weights.count]), weights, qs)
  }
  let event = Shape(rest.map { draws.shape[$0] })
  return stack(
    qs.indices.map { index in Tensor(quantiles.map { $0[index] }, shape: event) })
}

private func weightedQuantiles(
  _ values: [Double], _ weights: [Double], _ qs: [Double]
) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var total = 0.0
  let cumulative = order.map { index -> Double in
    total += weights[index]
    return total
  }
  let first = cumulative[0]
  let span = total - first
  return qs.map { q in
    let target = first + q * span
    let above = cumulative.firstIndex { $0 > target } ?? order.count - 1
    guard above > 0 else { return values[order[0]] }
    let step = cumulative[above] - cumulative[above - 1]
    let share = step > 0 ? (target - cumulative[above - 1]) / step : 1
    let low = values[order[above - 1]]
    return low + share * (values[order[above]] - low)
  }
}
