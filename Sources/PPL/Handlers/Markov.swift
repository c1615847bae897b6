/// Runs `body` for each step of a Markov chain: what happens in a step depends on the `history`
/// steps before it alone.
///
/// The sites of each step need names of their own:
///
///     var state: Tensor = 0
///     markov(0..<data.count) { step in
///       let chances = Categorical(probs: transition[state])
///       state = sample("state_\\(step)", chances, infer: .enumerate())
///       sample("data_\\(step)", Normal(locs[state], 1), observed: data[step])
///     }
///
/// `TraceEnumELBO` sums such a chain of T steps of K states in time T · K², without `markov` too.
/// It adds two things: that a site depends on one further back is an error, and steps of the same
/// structure are planned once and looped, however many they are.
public func markov<Steps: Sequence>(
  _ steps: Steps, history: Int = 1, _ body: (Steps.Element) throws -> Void
) rethrows {
  precondition(history >= 0, "markov: a history of \(history) steps")
  let chain = MarkovChain(history: history)
  for (index, step) in steps.enumerated() {
    try handle(
      { try body(step) }, with: MarkovHandler(step: Site.Step(chain: chain, index: index)))
  }
}

/// One run of a loop over the steps of a Markov chain.
final class MarkovChain: Sendable, Equatable {
  let history: Int

  init(history: Int) { self.history = history }

  static func == (a: MarkovChain, b: MarkovChain) -> Bool { a === b }
}

/// Marks the sites of a step.
private struct MarkovHandler: Handler {
  let step: Site.Step

  func process(_ site: inout Site) {
    if site.kind == .sample || site.kind == .factor { site.steps.append(step) }
  }
}
