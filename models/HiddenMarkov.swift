public import PPL

/// A chain of hidden states, each observed with normal noise: the states are summed out.
public struct HiddenMarkov: Sendable {
  /// One number per step.
  public let data: Tensor
  public let stateCount: Int

  public init(data: Tensor, stateCount: Int) {
    precondition(
      data.rank == 1 && stateCount > 0,
      "HiddenMarkov: \(stateCount) states for data of shape \(data.shape)")
    self.data = data
    self.stateCount = stateCount
  }

  /// States that tend to last; levels and noise on the scale of standardised data.
  public func model() {
    let stay = Tensor.eye(stateCount) * 4 + 1
    let (transition, locs) = plate("states", stateCount) {
      (sample("transition", Dirichlet(stay)), sample("locs", Normal(0, 2)))
    }
    let scale = sample("scale", HalfNormal(1))
    chain(transition: transition, locs: locs, scale: scale)
  }

  /// States and data, given the parameters; the first state comes after state 0.
  ///
  /// - Parameter transition: the probabilities of the next state, a row for each state.
  public func chain(transition: Tensor, locs: Tensor, scale: Tensor) {
    var state = Tensor(0)
    markov(0..<data.count) { step in
      let next = Categorical(probs: transition[state])
      state = sample("state_\(step)", next, infer: .enumerate())
      sample("data_\(step)", Normal(locs[state], scale), observed: data[step])
    }
  }
}
