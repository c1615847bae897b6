public import Tensors

/// The continuous ranked probability score of predictions: E|X − y| − ½ E|X − X′| over pairs of draws
/// (Gneiting and Raftery 2007). The smaller the better; Pyro's `crps_empirical`.
///
/// - Parameters:
///   - draws: of shape draws × shape of `truth`.
/// - Returns: the score of every element of `truth`.
public func crps(_ draws: Tensor, truth: Tensor) -> Tensor {
  precondition(
    draws.rank > 0 && Shape(draws.shape.dropFirst()) == truth.shape,
    "crps: draws of shape \(draws.shape) do not predict a truth of shape \(truth.shape)")
  let count = draws.shape[0]
  // Σᵢ<ⱼ (xⱼ − xᵢ) of sorted draws counts the i-th one, from 1, 2 i − n − 1 times.
  let counts = Tensor((0..<count).map { Double(2 * $0 + 1 - count) / Double(count * count) })
  let column = counts.reshaped(to: [count] + Shape(repeating: 1, count: truth.rank))
  return abs(draws - truth).mean(axis: 0) - (column * draws.sorted(along: 0)).sum(axis: 0)
}
