import Tensors

/// Looks at a run after every so many steps, and says how it goes on.
package struct Review {
  package enum Verdict {
    case goesOn
    case ends
    /// The run goes on from an earlier state.
    case goesBack(to: SVI.State)
  }

  let interval: Int
  let verdict: (_ svi: SVI, _ losses: [Double]) throws -> Verdict

  /// - Parameter verdict: receives the losses of all steps so far.
  package init(
    every interval: Int, verdict: @escaping (_ svi: SVI, _ losses: [Double]) throws -> Verdict
  ) {
    precondition(interval > 0, "Review: interval must be positive, got \(interval)")
    self.interval = interval
    self.verdict = verdict
  }
}

extension SVI {
  /// What steps change, but for their number.
  package struct State {
    let parameters: ParameterStore
    let optimizerState: [Tensor]
  }

  var state: State {
    get { State(parameters: parameters, optimizerState: optimizerState) }
    set { (parameters, optimizerState) = (newValue.parameters, newValue.optimizerState) }
  }

  /// Whether a review that is due has changed the state.
  func goesBack(_ review: Review?, _ record: inout RunRecord) throws -> Bool {
    guard let review, record.losses.count % review.interval == 0 else { return false }
    switch try review.verdict(self, record.losses) {
    case .goesOn: return false
    case .ends:
      record.stop()
      return false
    case .goesBack where !record.hasOneFunction: return false
    case .goesBack(let state):
      self.state = state
      skipped = 0
      record.noteReturn()
      return true
    }
  }
}
