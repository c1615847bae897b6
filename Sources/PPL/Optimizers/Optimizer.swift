/// A rule that moves parameters along a gradient. It sees all parameters as one vector.
public protocol Optimizer: Sendable {
  /// The state before the first step, for parameters of this shape and dtype: vectors with a number
  /// for each parameter, in the parameters' order, and tensors whose shape is always the same.
  func initialState(_ parameters: Tensor) -> [Tensor]

  /// The parameters and the state after a step down the gradient.
  ///
  /// Called when a step is planned, not at each step: tensors of the rule's own are constants.
  ///
  /// - Parameter step: the number of steps taken before, a scalar of the parameters' dtype.
  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])

  /// The parameters that a fit reports: those of the last step, unless the rule says otherwise.
  func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor

  /// The rule for a vector that holds these parameters: the rule itself, unless it depends on names.
  ///
  /// Asked for before the first step, and again when parameters were added at the vector's end.
  func resolved(for parameters: [ParameterRange]) -> any Optimizer
}

/// A parameter's name and its place in the vector of all.
public struct ParameterRange: Sendable {
  public let name: String
  public let range: Range<Int>

  public init(name: String, range: Range<Int>) {
    self.name = name
    self.range = range
  }

  init(_ entry: ParameterStore.Entry) { self.init(name: entry.name, range: entry.range) }
}

extension Optimizer {
  public func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor { parameters }

  public func resolved(for parameters: [ParameterRange]) -> any Optimizer { self }

  /// A state carried over to parameters of which the last are new: vectors grow at their end by what
  /// a fresh state has there, all else stays.
  ///
  /// - Parameter parameters: the old ones, at any values, then the new ones.
  func grown(_ state: [Tensor], for parameters: Tensor) -> [Tensor] {
    zip(state, initialState(parameters)).map { old, fresh in
      guard old.rank == 1, old.count < fresh.count else { return old }
      return concat([old, fresh.slice(old.count..<fresh.count)])
    }
  }
}
