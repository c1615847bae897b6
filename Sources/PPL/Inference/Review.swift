/// Looks at the parameters after every so many steps of a run, and says whether the run goes on.
package struct Review {
  let interval: Int
  let goesOn: (_ parameters: ParameterStore, _ losses: [Double]) throws -> Bool

  /// - Parameter goesOn: receives the parameters and the losses of all steps so far.
  package init(
    every interval: Int,
    goesOn: @escaping (_ parameters: ParameterStore, _ losses: [Double]) throws -> Bool
  ) {
    precondition(interval > 0, "Review: interval must be positive, got \(interval)")
    self.interval = interval
    self.goesOn = goesOn
  }
}
