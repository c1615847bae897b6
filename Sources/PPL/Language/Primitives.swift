/// A random variable named `name`: its value is drawn, or supplied by a handler or the data.
///
/// Inside a plate the distribution is repeated to the plate's size. Names are unique within a
/// model.
///
/// - Parameters:
///   - observed: data; the site then conditions the model instead of drawing.
///   - infer: how inference is to treat the site.
/// - Returns: the value, of shape batch + event.
@discardableResult
public func sample(
  _ name: String, _ distribution: some Distribution, observed: Tensor? = nil,
  infer: InferConfig? = nil
) -> Tensor {
  var site = Site(.sample, name, isObserved: observed != nil)
  site.distribution = distribution
  site.value = observed
  if let infer { site.infer = infer }
  return applied(&site)
}

/// A value that inference optimises.
///
/// - Parameters:
///   - initial: makes the initial value, once, when the parameter is first met.
///   - constraint: the range the value stays in.
///   - eventRank: how many inner axes belong to one copy; given it, the axes outside of these are
///     those of the enclosing plates, of their full size, and the rows of a subsample are taken.
@discardableResult
public func param(
  _ name: String, _ initial: @autoclosure @escaping @Sendable () -> Tensor,
  constraint: Constraint = .real, eventRank: Int? = nil
) -> Tensor {
  param(name, constraint: constraint, eventRank: eventRank) { _ in initial() }
}

/// A parameter whose initial value is random, made from a key.
@discardableResult
public func param(
  _ name: String, constraint: Constraint = .real, eventRank: Int? = nil,
  initializedBy initial: @escaping @Sendable (RandomKey) -> Tensor
) -> Tensor {
  var site = Site(.param, name)
  site.declaration = Site.Declaration(constraint, eventRank: eventRank, initial)
  return applied(&site)
}

/// A named value computed from others: recorded, and part of posterior summaries.
@discardableResult
public func deterministic(_ name: String, _ value: Tensor) -> Tensor {
  var site = Site(.deterministic, name)
  site.value = value
  return applied(&site)
}

/// Adds a term to the log density of the model, or of the guide.
public func factor(_ name: String, _ logFactor: Tensor) {
  var site = Site(.factor, name, isObserved: true)
  site.value = logFactor
  _ = applied(&site)
}

/// A value carried from step to step without a gradient, such as a running mean.
///
/// - Parameter initial: its value at the first step.
/// - Returns: its value at this step; `assign(_:_:)` sets that of the next.
public func mutable(
  _ name: String, _ initial: @autoclosure @escaping @Sendable () -> Tensor
) -> Tensor {
  var site = Site(.mutable, name)
  site.declaration = Site.Declaration(.real, eventRank: nil) { _ in initial() }
  return applied(&site)
}

/// Sets the value that a mutable one has from the next step on; with several particles, the mean of
/// theirs.
public func assign(_ name: String, _ value: Tensor) {
  var site = Site(.assignment, name)
  site.value = stopGradient(value)
  _ = applied(&site)
}

/// The value a site has after it went through the handlers.
func applied(_ site: inout Site) -> Tensor {
  apply(&site)
  guard let value = site.value else {
    preconditionFailure("no value at \(site.kind) site \"\(site.name)\"")
  }
  return value
}
