public import Tensors

extension MCMCResult {
  /// The draws whose paths diverged, of all chains. Where they crowd is a part of the posterior that
  /// was not explored well: a reparameterisation, or a higher `targetAcceptance`, may reach it.
  public var divergentDraws: [(name: String, draws: Tensor)] {
    let numbers = transitions.joined().enumerated().filter(\.element.isDivergent).map(\.offset)
    return samples.map { ($0, $1[Tensor(numbers, shape: [numbers.count])]) }
  }
}
