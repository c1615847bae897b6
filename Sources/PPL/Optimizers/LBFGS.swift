/// Minimises a smooth function of a tensor by the limited-memory method of Broyden, Fletcher, Goldfarb
/// and Shanno: the same result at every call.
///
/// ```swift
/// let minimum = try LBFGS().minimize(from: [-1.2, 1]) { x in square(x - 3).sum() }
/// ```
///
/// Directions are by the two-loop recursion over the last steps (Nocedal & Wright, *Numerical
/// Optimization*, 2nd ed. 2006, algorithms 7.4 and 7.5), step lengths satisfy the strong Wolfe
/// conditions (algorithms 3.5 and 3.6). A step to where the value or the gradient is not finite is
/// shortened. The function is planned once, so it must not read values.
public struct LBFGS: Sendable {
  private let history: Int
  private let maxIterations: Int
  private let gradientTolerance: Double
  private let valueTolerance: Double

  /// - Parameters:
  ///   - history: the number of past steps that a direction is made from.
  ///   - gradientTolerance: ends the search when no element of the gradient is larger.
  ///   - valueTolerance: ends it when three steps in a row have not lowered the value by more than
  ///     this fraction of it.
  public init(
    history: Int = 10, maxIterations: Int = 1000, gradientTolerance: Double = 1e-8,
    valueTolerance: Double = 0
  ) {
    precondition(history > 0, "LBFGS: history must be positive, got \(history)")
    precondition(
      maxIterations >= 0, "LBFGS: maxIterations must not be negative, got \(maxIterations)")
    precondition(
      gradientTolerance >= 0 && valueTolerance >= 0,
      "LBFGS: tolerances must not be negative, got \(gradientTolerance) and \(valueTolerance)")
    self.history = history
    self.maxIterations = maxIterations
    self.gradientTolerance = gradientTolerance
    self.valueTolerance = valueTolerance
  }

  /// A minimum of a function from a tensor like `start` to a scalar.
  ///
  /// - Throws: `MinimizationError` if the function or its gradient is not finite at the start;
  ///   `CompileError.readsValue` if it reads a value; what the function throws.
  public func minimize(
    from start: Tensor, _ function: (Tensor) throws -> Tensor
  ) throws -> Minimum {
    let objective = try SmoothFunction(start, function)
    let (points, hasConverged) = try path(objective, from: start.array())
    return Minimum(path: points.map(objective.iterate), hasConverged: hasConverged)
  }

  /// The points stepped to, the start among them, and whether a tolerance was met.
  func path(
    _ objective: SmoothFunction, from start: [Double]
  ) throws(MinimizationError) -> (points: [SmoothFunction.Point], hasConverged: Bool) {
    var point = objective.evaluate(start)
    guard point.isFinite else { throw .notFiniteAtStart(value: point.value) }
    var memory = CurvatureMemory(capacity: history)
    var path = [point]
    var stalls = 0
    while point.gradientNorm > gradientTolerance, stalls < LBFGS.stallLimit,
      path.count <= maxIterations, let next = next(objective, point, &memory)
    {
      memory.append(from: point, to: next)
      let gain = point.value - next.value
      stalls = gain <= valueTolerance * next.value.magnitude ? stalls + 1 : 0
      point = next
      path.append(point)
    }
    let isFlat = point.gradientNorm <= gradientTolerance
    return (path, isFlat || stalls == LBFGS.stallLimit)
  }

  private static let stallLimit = 3

  /// A better point: along the direction made from past steps or, where that fails, down the gradient.
  private func next(
    _ objective: SmoothFunction, _ point: SmoothFunction.Point, _ memory: inout CurvatureMemory
  ) -> SmoothFunction.Point? {
    if !memory.isEmpty {
      let search = WolfeSearch(objective, from: point, along: memory.direction(point.gradient))
      if let next = search.run(first: 1) { return next }
      memory.removeAll()
    }
    let search = WolfeSearch(objective, from: point, along: point.gradient.map { -$0 })
    return search.run(first: min(1, 1 / (-search.slope).squareRoot()))
  }
}

/// What a minimisation found.
public struct Minimum: Sendable {
  /// A point that was stepped to.
  public struct Iterate: Sendable {
    public let parameters: Tensor
    public let value: Double
    /// Of the shape of the parameters.
    public let gradient: Tensor

    /// The largest magnitude among the gradient's elements.
    public var gradientNorm: Double { gradient.array().maximumNorm }
  }

  /// The start and the point after each iteration; the last is the minimum. Takes 16 bytes for each
  /// parameter and iteration (8 in single precision).
  public let path: [Iterate]
  /// Whether a tolerance was met. If not, the iterations ended, or no better point was found.
  public let hasConverged: Bool

  private var last: Iterate { path[path.count - 1] }
  public var parameters: Tensor { last.parameters }
  public var value: Double { last.value }
  /// The largest magnitude among the gradient's elements.
  public var gradientNorm: Double { last.gradientNorm }
  /// The number of steps taken.
  public var iterations: Int { path.count - 1 }
}

/// Why a function could not be minimised.
public enum MinimizationError: Error, CustomStringConvertible, Equatable {
  case notFiniteAtStart(value: Double)
  /// An objective whose parameters do not follow the gradient of its loss.
  case noGradientOfLoss(String)

  public var description: String {
    switch self {
    case .notFiniteAtStart(let value):
      """
      the function to be minimised is \(value) at the start, and it or its gradient is not finite \
      there; start where both are
      """
    case .noGradientOfLoss(let objective):
      """
      under \(objective) the parameters do not follow the gradient of the loss, so there is nothing \
      to minimise; use TraceELBO, or fit by steps
      """
    }
  }
}
