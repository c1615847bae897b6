public import PPL

/// How the divergence of a velocity field is computed.
public enum TraceMethod: Sendable {
  /// As the field does, exactly.
  case exact
  /// Hutchinson's unbiased estimate εᵀ (∂v/∂x) ε with random signs ε, which stay the same during
  /// one solve (Grathwohl et al. 2019): one product with the Jacobian, in any dimension.
  ///
  /// Signs are a function of the key, the points and the parameters: fresh in each step of a fit,
  /// the same bits where the same batch is scored again; a point in another batch has other signs.
  case hutchinson(key: RandomKey)
}

/// The flow of a velocity field: a point goes along dx/dt = v(x, t) from time 0 to `duration` (Chen
/// et al. 2018); its log determinant is the integral of the divergence.
///
/// Backwards the equation is solved backward in time. The solver chooses its steps so that each
/// one's error is at most `tolerance` (1 + |x|) in each element of the points of a batch; values,
/// log determinants, round trips and gradients are accurate to a small multiple of it. Starts near
/// the identity.
public struct ContinuousFlow: Bijector {
  private let field: any VelocityField
  private let duration: Double
  private let method: TraceMethod
  private let tolerance: Double

  public var eventRank: Int { 1 }
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - field: the velocity.
  ///   - duration: how long points go along it; positive.
  ///   - trace: how the divergence is computed.
  ///   - tolerance: of the solver, for a step; positive.
  public init(
    _ field: any VelocityField, duration: Double = 1, trace: TraceMethod = .exact,
    tolerance: Double = 1e-6
  ) {
    precondition(duration > 0, "ContinuousFlow: duration must be positive, got \(duration)")
    precondition(tolerance > 0, "ContinuousFlow: tolerance must be positive, got \(tolerance)")
    self.field = field
    self.duration = duration
    self.tolerance = tolerance
    method = trace
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    solve(x, context, from: 0, to: duration)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    solve(y, context, from: duration, to: 0)
  }

  /// What points cost on their way, for a regularised fit: subtract a multiple from the objective,
  /// `factor("cost", -0.01 * (costs.kinetic + costs.roughness))`. Both have the batch shape.
  ///
  /// - Returns: the integrals over time of |v|² and of the field's `roughness`. For a network field
  ///   that is |∂v/∂x|² (RNODE; Finlay et al. 2020), for a potential the residual of the
  ///   Hamilton-Jacobi-Bellman equation (OT-Flow).
  public func costs(
    of x: Tensor, context: Tensor? = nil
  ) -> (kinetic: Tensor, roughness: Tensor) {
    let sums = trajectory(x, context, from: 0, to: duration, sums: 2) {
      field, x, t, parameters, signs in
      let velocity = field.velocity(x, time: t, parameters: parameters)
      let roughness = field.roughness(x, time: t, parameters: parameters, signs: signs)
      return (velocity, [square(velocity).sum(axis: -1), roughness])
    }.sums
    return (sums[0], sums[1])
  }

  private func solve(
    _ x: Tensor, _ context: Tensor?, from start: Double, to end: Double
  ) -> (Tensor, Tensor) {
    let end = trajectory(x, context, from: start, to: end, sums: 1) {
      field, x, t, parameters, signs in
      guard let signs else {
        let (velocity, divergence) = field.velocityAndDivergence(
          x, time: t, parameters: parameters)
        return (velocity, [divergence])
      }
      let x = x.alias
      let velocity = field.velocity(x, time: t, parameters: parameters)
      let product = gradient(of: (velocity * signs).sum(), withRespectTo: x)
      return (velocity, [(product * signs).sum(axis: -1)])
    }
    return (end.x, end.sums[0])
  }

  /// The velocity at points and a time, and the integrands.
  private typealias Rates =
    @Sendable (
      _ field: any VelocityField, _ x: Tensor, _ t: Tensor, _ parameters: [Tensor],
      _ signs: Tensor?
    ) -> (velocity: Tensor, integrands: [Tensor])

  /// Where points go, and some integrals along their ways.
  private func trajectory(
    _ x: Tensor, _ context: Tensor?, from start: Double, to end: Double, sums: Int,
    _ rates: @escaping Rates
  ) -> (x: Tensor, sums: [Tensor]) {
    let field = self.field
    let parameters = field.parameters(context: context)
    let x = context.map { x.spread(over: $0) } ?? x
    let n = x.shape[x.rank - 1]
    let signs = signs(x, parameters).map { [$0] } ?? []
    let isEstimate = !signs.isEmpty
    let problem = InitialValueProblem(
      field: { t, state, inputs in
        let (velocity, integrands) = rates(
          field, state.slice(0..<n, along: -1), t,
          isEstimate ? Array(inputs.dropFirst()) : inputs, isEstimate ? inputs[0] : nil)
        return concat([velocity] + integrands.map { $0.expandingDims(at: -1) }, along: -1)
      }, start: start, end: end, tolerance: tolerance)
    let zeros = Tensor.zeros(Shape(x.shape.dropLast()) + [sums], dtype: x.dtype)
    let last = problem.solution(from: concat([x, zeros], along: -1), signs + parameters)
    return (
      last.slice(0..<n, along: -1), (0..<sums).map { last.selecting(n + $0, along: -1) }
    )
  }

  private func signs(_ x: Tensor, _ parameters: [Tensor]) -> Tensor? {
    guard case .hutchinson(let key) = method else { return nil }
    return noiseKey(key, x, parameters).signs(like: x)
  }
}
