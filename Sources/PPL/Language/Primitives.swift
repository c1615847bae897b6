/// A random variable named `name`: its value is drawn, or supplied by a handler or the data.
///
/// Inside a plate the distribution is repeated to the plate's size. Names are unique within a
/// model.
///
/// - Parameter observed: data; the site then conditions the model instead of drawing.
/// - Returns: the value, of shape batch + event.
@discardableResult
public func sample(
  _ name: String, _ distribution: some Distribution, observed: Tensor? = nil
) -> Tensor {
  sampleSite(name, distribution, observed: observed, isAuxiliary: false)
}

/// A sample site; auxiliary ones exist in a guide only.
@discardableResult
package func sampleSite(
  _ name: String, _ distribution: some Distribution, observed: Tensor?, isAuxiliary: Bool
) -> Tensor {
  var site = Site(.sample, name, isObserved: observed != nil)
  site.distribution = distribution
  site.value = observed
  site.isAuxiliary = isAuxiliary
  apply(&site)
  guard let value = site.value else { preconditionFailure("no value at site \"\(name)\"") }
  return value
}

/// A value that inference optimises.
///
/// - Parameters:
///   - initial: makes the initial value, once, when the parameter is first met.
///   - constraint: the range the value stays in.
@discardableResult
public func param(
  _ name: String, _ initial: @autoclosure @escaping @Sendable () -> Tensor,
  constraint: Constraint = .real
) -> Tensor {
  param(name, constraint: constraint) { _ in initial() }
}

/// A parameter whose initial value is random, made from a key.
@discardableResult
public func param(
  _ name: String, constraint: Constraint = .real,
  initializedBy initial: @escaping @Sendable (RandomKey) -> Tensor
) -> Tensor {
  var site = Site(.param, name)
  site.declaration = Site.Declaration(constraint, initial)
  apply(&site)
  guard let value = site.value else { preconditionFailure("no value at param \"\(name)\"") }
  return value
}

/// A named value computed from others: recorded, and part of posterior summaries.
@discardableResult
public func deterministic(_ name: String, _ value: Tensor) -> Tensor {
  var site = Site(.deterministic, name)
  site.value = value
  apply(&site)
  return site.value ?? value
}

/// Adds a term to the log density of the model.
public func factor(_ name: String, _ logFactor: Tensor) {
  var site = Site(.factor, name, isObserved: true)
  site.value = logFactor
  apply(&site)
}

/// A random variable that a guide draws for its own use, without a counterpart in the model.
@discardableResult
public func sampleAuxiliary(_ name: String, _ distribution: some Distribution) -> Tensor {
  sampleSite(name, distribution, observed: nil, isAuxiliary: true)
}
