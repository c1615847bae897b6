/// The x with f(x) = y, element by element, for an increasing function.
///
/// Newton's method inside a bracket: a step that leaves the bracket, or that does not halve the one
/// before, is replaced by bisection (Press et al., *Numerical Recipes*, §9.4), so the root is found
/// to rounding wherever f is continuous. All elements are searched together, in one loop.
///
/// The derivatives are those of the implicit function, of any order, with respect to y and to
/// everything that `f` uses: dx = (dy − df) / f′(x).
///
/// - Parameters:
///   - y: the values; NaN, and a value that f does not take, give NaN or an end of the bracket.
///   - bounds: between which the root lies. Without them a bracket around 0 is widened fourfold
///     until it holds the root.
///   - f: gives the function and its derivative, elementwise. It is traced once and must not read
///     values that depend on its argument.
/// - Returns: the root, of the shape of f's value.
public func monotoneRoot(
  of y: Tensor, between bounds: (lower: Tensor, upper: Tensor)? = nil,
  _ f: (_ x: Tensor) -> (value: Tensor, slope: Tensor)
) -> Tensor {
  let x = Tensor(placeholder: y.shape, y.dtype)
  let (value, slope) = f(x)
  guard value.shape == y.shape else {
    precondition(
      y.shape.broadcasts(to: value.shape),
      "monotoneRoot: f gives values of shape \(value.shape) at arguments of shape \(y.shape)")
    return monotoneRoot(of: y.broadcast(to: value.shape), between: bounds, f)
  }
  precondition(
    value.dtype == y.dtype && y.dtype.isFloat,
    "monotoneRoot: f turns \(y.dtype) into \(value.dtype)")
  let function = ImplicitFunction(x, value, slope.broadcast(to: value.shape))
  let bracket =
    bounds.map { ($0.lower.broadcast(to: y.shape), $0.upper.broadcast(to: y.shape)) }
    ?? function.bracket(y)
  return function.differentiable(function.search(y, bracket.0, bracket.1), y)
}

/// An increasing function with its derivative, as a graph that ends at a placeholder.
private struct ImplicitFunction {
  private let x: Tensor
  private let value: Tensor
  private let slope: Tensor

  init(_ x: Tensor, _ value: Tensor, _ slope: Tensor) {
    self.x = x
    self.value = value
    self.slope = slope
  }

  private func callAsFunction(_ argument: Tensor) -> (value: Tensor, slope: Tensor) {
    let results = substitute([value, slope], [(x, argument)])
    return (results[0], results[1])
  }

  /// An interval around 0 whose ends lie on both sides of the root.
  func bracket(_ y: Tensor) -> (Tensor, Tensor) {
    func isShort(_ width: Tensor) -> Tensor {
      (self(-width).value .> y) .|| (self(width).value .< y)
    }
    let width = whileLoop(
      initial: [1 + abs(y)], condition: { isShort($0[0]).any() },
      body: { [`where`(isShort($0[0]), 4 * $0[0], $0[0])] })[0]
    return (-width, width)
  }

  /// The root between two bounds.
  func search(_ y: Tensor, _ lower: Tensor, _ upper: Tensor) -> Tensor {
    let width = upper - lower
    let epsilon = y.dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    let results = whileLoop(
      initial: [clamp(y, lower, upper), lower, upper, width],
      condition: { carry in
        let (x, step) = (carry[0], carry[3])
        return (abs(step) .> 2 * epsilon * maximum(abs(x), 1e-3 * width)).any()
      },
      body: { carry in
        let (x, step) = (carry[0], carry[3])
        let (value, slope) = self(x)
        let excess = value - y
        let low = `where`(excess .< 0, x, carry[1])
        let high = `where`(excess .> 0, x, carry[2])
        // A residual of rounding errors only ends the search.
        let newton = `where`(abs(excess) .<= epsilon * abs(y), 0, -excess / slope)
        let target = x + newton
        let isSafe = (target .>= low) .&& (target .<= high) .&& (2 * abs(newton) .<= abs(step))
        let next = `where`(isSafe, target, low + (high - low) / 2)
        return [next, low, high, next - x]
      }, maxIterations: 400)
    // A root of NaN is none, although the search for it ends.
    return results[0] + 0 * y
  }

  /// The root with the derivative of the implicit function.
  func differentiable(_ root: Tensor, _ y: Tensor) -> Tensor {
    let closed = LoopBody.close([x], [value, slope], droppable: 1)
    let body = closed.body
    let floats = closed.captures.indices.filter { closed.captures[$0].dtype.isFloat }
    return withCustomDerivative(value: root, inputs: [y] + closed.captures) { ct, inputs, root in
      // Differentiated on placeholders: the captures may depend on one another.
      let parameters = body.parameters
      let share = Tensor(placeholder: ct.shape, ct.dtype)
      let partials = gradient(
        of: (share * body.outputs[0]).sum(),
        withRespectTo: floats.map { parameters[1 + $0] })
      let actual = Array(zip(parameters, [root] + inputs.dropFirst()))
      let shareOfSlope = ct / substitute([body.outputs[1]], actual)[0]
      let results = substitute(partials, actual + [(share, -shareOfSlope)])
      var cotangents = [Tensor?](repeating: nil, count: inputs.count)
      cotangents[0] = shareOfSlope
      for (index, result) in zip(floats, results) { cotangents[1 + index] = result }
      return cotangents
    }
  }
}
