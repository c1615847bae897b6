internal import PPL

/// An initial value problem dy/dt = f(t, y, θ) from one time to another, solved by Dormand and
/// Prince's method of order five with steps chosen by its embedded method of order four (Hairer,
/// Nørsett & Wanner 1993, sections II.4 and II.5).
///
/// A step's error is at most `tolerance` (1 + |y|) in each element; one that is no number, or whose
/// slope is none, stays so and leaves the others alone. Derivatives are those of the exact solution by
/// the adjoint equation, solved backward in time to the same tolerance, to any order; the memory they
/// take does not grow with the number of steps.
struct InitialValueProblem: Sendable {
  typealias Field = @Sendable (_ t: Tensor, _ y: Tensor, _ inputs: [Tensor]) -> Tensor

  /// f; it may use no tensor that changes from call to call but its arguments.
  let field: Field
  let start: Double
  let end: Double
  let tolerance: Double
  /// How many elements of y count in a step's error, from the first one; nil for all.
  var controlled: Int?

  /// y at the end, for y at the start and θ; NaN where 10,000 steps do not get there.
  func solution(from y: Tensor, _ inputs: [Tensor]) -> Tensor {
    withCustomDerivative(value: integrated(y, inputs), inputs: [y] + inputs) { ct, arguments, y in
      adjoint(ct, y, Array(arguments.dropFirst()))
    }
  }

  /// The cotangents of y at the start and of θ: with a the cotangent of y along the way, da/dt =
  /// −(∂f/∂y)ᵀ a and dθ̄/dt = −(∂f/∂θ)ᵀ a, backward from the end (Chen et al. 2018).
  private func adjoint(_ ct: Tensor, _ y: Tensor, _ inputs: [Tensor]) -> [Tensor] {
    let field = self.field
    let (shape, count) = (y.shape, y.count)
    let backward = InitialValueProblem(
      field: { t, state, inputs in
        let point = state.slice(0..<count).reshaped(to: shape)
        let cotangent = state.slice(count..<2 * count).reshaped(to: shape)
        let variables = ([point] + inputs).map(\.alias)
        let velocity = field(t, variables[0], Array(variables.dropFirst()))
        let slopes = gradient(of: (velocity * cotangent).sum(), withRespectTo: variables)
        return concat([velocity.flattened()] + slopes.map { -$0.flattened() })
      },
      start: end, end: start, tolerance: tolerance,
      // The sums over parameters follow the rest closely; they need no steps of their own.
      controlled: 2 * count)
    let zeros = inputs.map { Tensor.zeros([$0.count], dtype: y.dtype) }
    let state = backward.solution(from: concat([y.flattened(), ct.flattened()] + zeros), inputs)
    var parts = state.split([count, count] + inputs.map(\.count))
    parts.removeFirst()
    return zip(parts, [shape] + inputs.map(\.shape)).map { $0.reshaped(to: $1) }
  }

  private func integrated(_ y: Tensor, _ inputs: [Tensor]) -> Tensor {
    let span = end - start
    // Time runs from 0 to 1.
    let solver = DormandPrince(
      velocity: { t, y in span * field(start + span * t, y, inputs) },
      tolerance: y.dtype == .float32 ? max(tolerance, 1e-5) : tolerance,
      controlled: controlled ?? y.count)
    return solver.solve(y)
  }
}

/// The method, for time from 0 to 1.
private struct DormandPrince {
  let velocity: (_ t: Tensor, _ y: Tensor) -> Tensor
  let tolerance: Double
  let controlled: Int

  /// Where the solution stands.
  private struct State {
    var t: Tensor
    var y: Tensor
    var velocity: Tensor
    var step: Tensor

    var carries: [Tensor] { [t, y, velocity, step] }

    init(t: Tensor, y: Tensor, velocity: Tensor, step: Tensor) {
      (self.t, self.y, self.velocity, self.step) = (t, y, velocity, step)
    }

    init(_ carries: [Tensor]) {
      self.init(t: carries[0], y: carries[1], velocity: carries[2], step: carries[3])
    }
  }

  func solve(_ y: Tensor) -> Tensor {
    if y.count == 0 { return y }
    let zero = Tensor.zeros([], dtype: y.dtype)
    let slope = velocity(zero, y)
    let first = State(t: zero, y: y, velocity: slope, step: firstStep(y, slope))
    let last = State(
      whileLoop(
        initial: first.carries, condition: { State($0).t .< 1 },
        body: { advanced(State($0)).carries }, maxIterations: 10_000))
    return `where`(last.t .< 1, Tensor(floatLiteral: .nan), last.y)
  }

  /// One step, or the same point with a smaller step if the error is too large.
  private func advanced(_ state: State) -> State {
    let (t, y) = (state.t, state.y)
    let isLast = state.step .>= 1 - t
    let h = `where`(isLast, 1 - t, state.step)
    var slopes = [state.velocity]
    var next = y
    for (node, row) in zip(nodes, stages) {
      let change = zip(slopes, row).reduce(0 as Tensor) { $0 + $1.1 * $1.0 }
      next = y + h * change
      slopes.append(velocity(t + node * h, next))
    }
    let difference = h * zip(slopes, errorWeights).reduce(0 as Tensor) { $0 + $1.1 * $1.0 }
    let error = largest(
      difference, of: numbers(y, state.velocity), relativeTo: maximum(abs(y), abs(next)))
    let isAccepted = error .<= 1
    // The error grows with the fifth power of the step.
    let factor = clamp(0.9 * exp(-0.2 * log(maximum(error, 1e-10))), 0.2, 10)
    let safe = `where`(isFinite(error), factor, 0.2)
    return State(
      t: `where`(isAccepted, `where`(isLast, 1, t + h), t), y: `where`(isAccepted, next, y),
      velocity: `where`(isAccepted, slopes[6], state.velocity), step: h * safe)
  }

  /// Which elements are numbers that go on to be some.
  private func numbers(_ y: Tensor, _ slope: Tensor) -> Tensor { isFinite(y) .&& isFinite(slope) }

  /// The largest element of those that count, relative to what is allowed of it.
  private func largest(_ x: Tensor, of counted: Tensor, relativeTo size: Tensor) -> Tensor {
    let relative = `where`(counted, abs(x) / (tolerance * (1 + size)), 0)
    return relative.flattened().slice(0..<controlled).max()
  }

  /// A step that is short next to the scales of the solution and its curvature.
  private func firstStep(_ y: Tensor, _ slope: Tensor) -> Tensor {
    let (size, counted) = (abs(y), numbers(y, slope))
    let d0 = largest(y, of: counted, relativeTo: size)
    let d1 = largest(slope, of: counted, relativeTo: size)
    let isTiny = (d0 .< 1e-5) .|| (d1 .< 1e-5)
    let probe = `where`(isTiny, 1e-6, 0.01 * d0 / `where`(isTiny, 1, d1))
    let moved = velocity(probe, y + probe * slope)
    let d2 = largest(moved - slope, of: counted, relativeTo: size) / probe
    let largestSlope = maximum(maximum(d1, d2), 1e-15)
    let step = exp(0.2 * log(0.01 / largestSlope))
    return minimum(minimum(100 * probe, step), 1).cast(to: y.dtype)
  }
}

/// The stages' times after the first, and the weights of the slopes before each.
private let nodes = [1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1]
private let stages: [[Double]] = [
  [1.0 / 5],
  [3.0 / 40, 9.0 / 40],
  [44.0 / 45, -56.0 / 15, 32.0 / 9],
  [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
  [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
  [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
]
/// The weights of the slopes in the difference between the two orders.
private let errorWeights: [Double] = [
  71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339_200, 22.0 / 525, -1.0 / 40,
]
