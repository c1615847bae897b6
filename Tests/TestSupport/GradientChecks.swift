public import Tensors
public import Testing

/// Checks derivatives against finite differences of order six, along random directions.
///
/// The outputs are reduced to L = Σ w·y with random weights. First order: ∇L · v against the
/// difference of L along v. Second order: v · ∇(∇L · u) against the difference of ∇L · u.
///
/// - Parameters:
///   - inputs: points away from kinks by more than three steps; those of dtype float64 vary.
///   - order: 1, or 2 to differentiate the gradient too.
///   - relative: the error allowed, relative to Σ |gᵢ vᵢ|; the rounding of the difference itself is
///     added.
public func checkGradients(
  of inputs: [Tensor], order: Int = 2, relative: Double = 1e-7, step: Double = 1e-3, seed: Int = 1,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation,
  _ function: @escaping ([Tensor]) -> [Tensor]
) {
  let check = GradientCheck(inputs, function, seed)
  for direction in 0..<2 {
    if let error = check.firstOrder(direction, step, relative) {
      Issue.record("\(what()), first order: \(error)", sourceLocation: sourceLocation)
    }
    if order > 1, let error = check.secondOrder(direction, step, relative) {
      Issue.record("\(what()), second order: \(error)", sourceLocation: sourceLocation)
    }
  }
}

private struct GradientCheck {
  let inputs: [Tensor]
  let function: ([Tensor]) -> [Tensor]
  let seed: Int
  let varying: [Int]

  init(_ inputs: [Tensor], _ function: @escaping ([Tensor]) -> [Tensor], _ seed: Int) {
    self.inputs = inputs
    self.function = function
    self.seed = seed
    varying = inputs.indices.filter { inputs[$0].dtype == .float64 }
  }

  /// Random numbers of the shapes of the inputs that vary.
  private func direction(_ number: Int) -> [Tensor] {
    var generator = SeededGenerator(seed: 1000 * seed + number)
    return varying.map { index in
      let shape = inputs[index].shape
      let elements = generator.signed(shape.elementCount, magnitude: 0.3...1)
      return Tensor(elements, shape: shape)
    }
  }

  /// The products whose sum is L.
  private func terms(_ inputs: [Tensor]) -> [Tensor] {
    var generator = SeededGenerator(seed: seed)
    return function(inputs).filter(\.dtype.isFloat).map { output in
      let weights = generator.signed(output.count, magnitude: 0.3...1)
      return output * Tensor(weights, shape: output.shape)
    }
  }

  private func gradients(_ inputs: [Tensor]) -> [Tensor] {
    let loss = terms(inputs).map { $0.sum() }.reduce(Tensor(0.0), +)
    return gradient(of: loss, withRespectTo: varying.map { inputs[$0] })
  }

  private func moved(_ direction: [Tensor], by step: Double) -> [Tensor] {
    var result = inputs
    for (position, index) in varying.enumerated() {
      let elements = zip(inputs[index].array(), direction[position].array()).map { $0 + step * $1 }
      result[index] = Tensor(elements, shape: inputs[index].shape)
    }
    return result
  }

  /// The derivative at 0 of the sum of some products, and the rounding error it may have.
  private func difference(
    _ direction: [Tensor], _ step: Double, _ products: ([Tensor]) -> [Tensor]
  ) -> (slope: Double, noise: Double) {
    var slope = 0.0
    var magnitude = 0.0
    for (offset, weight) in [(1, 45.0), (2, -9.0), (3, 1.0)] {
      for sign in [1.0, -1.0] {
        let values = products(moved(direction, by: sign * Double(offset) * step))
          .flatMap { $0.array() }
        slope += sign * weight * values.reduce(0, +) / (60 * step)
        magnitude = max(magnitude, values.reduce(0) { $0 + $1.magnitude })
      }
    }
    return (slope, 16 * magnitude * Double.ulpOfOne / step)
  }

  private func mismatch(
    _ exact: [Tensor], _ difference: (slope: Double, noise: Double), _ relative: Double
  ) -> String? {
    let products = exact.flatMap { $0.array() }
    let slope = products.reduce(0, +)
    let scale = products.reduce(0) { $0 + $1.magnitude }
    let allowed = relative * scale + difference.noise
    let error = (slope - difference.slope).magnitude
    guard !(error <= allowed) else { return nil }
    return "\(slope) against a difference of \(difference.slope), off by \(error) > \(allowed)"
  }

  func firstOrder(_ number: Int, _ step: Double, _ relative: Double) -> String? {
    let v = direction(2 * number)
    let exact = zip(gradients(inputs), v).map { $0 * $1 }
    return mismatch(exact, difference(v, step, terms), relative)
  }

  func secondOrder(_ number: Int, _ step: Double, _ relative: Double) -> String? {
    let (v, u) = (direction(2 * number), direction(2 * number + 1))
    func projected(_ inputs: [Tensor]) -> [Tensor] {
      zip(gradients(inputs), u).map { $0 * $1 }
    }
    let slope = projected(inputs).map { $0.sum() }.reduce(Tensor(0.0), +)
    let exact = zip(gradient(of: slope, withRespectTo: varying.map { inputs[$0] }), v)
      .map { $0 * $1 }
    return mismatch(exact, difference(v, step, projected), relative)
  }
}
