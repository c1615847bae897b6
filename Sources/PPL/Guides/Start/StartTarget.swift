import Tensors

/// The log density that a start is looked for on.
struct StartTarget {
  private let density: LogDensity.Evaluator
  let dimension: Int

  init(_ density: LogDensity) {
    self.density = density.evaluator()
    dimension = density.dimension
  }

  /// How often the density was evaluated.
  var evaluations: Int { density.evaluations }

  /// The negative log density, for a minimiser.
  var function: SmoothFunction {
    SmoothFunction(dimension: dimension) { position in
      let (value, gradient) = evaluate(position)
      return (-value, gradient.map { -$0 })
    }
  }

  /// The same of v ↦ origin + L v, where L and its transpose are given as maps.
  func whitened(
    _ origin: [Double], times: @escaping ([Double]) -> [Double],
    transposedTimes: @escaping ([Double]) -> [Double]
  ) -> SmoothFunction {
    SmoothFunction(dimension: dimension) { whitened in
      var position = times(whitened)
      position.add(1, origin)
      let (value, gradient) = evaluate(position)
      return (-value, transposedTimes(gradient).map { -$0 })
    }
  }

  private func evaluate(_ position: [Double]) -> (value: Double, gradient: [Double]) {
    var gradient = [Double](repeating: 0, count: dimension)
    let value = density(position, gradient: &gradient)
    return (value, gradient)
  }

  /// The evidence lower bound of a normal distribution, with given noise: rows of standard normal
  /// numbers. −∞ where a draw has no finite density.
  func elbo(_ fit: NormalFit, _ noise: Tensor) -> Double {
    let (points, logDensities) = fit.draws(noise)
    eval(points, logDensities)
    let rows = points.array()
    let sum = logDensities.array().enumerated().reduce(0) { sum, item in
      let row = Array(rows[item.offset * dimension..<(item.offset + 1) * dimension])
      return sum + evaluate(row).value - item.element
    }
    return sum.isFinite ? sum / Double(noise.shape[0]) : -.infinity
  }
}

/// A lower triangular matrix on the host.
struct LowerTriangle {
  private let size: Int
  private let elements: [Double]

  init(_ matrix: Tensor) {
    size = matrix.shape[0]
    elements = matrix.array()
  }

  func times(_ vector: [Double]) -> [Double] {
    (0..<size).map { row in
      var sum = 0.0
      for column in 0...row { sum += elements[row * size + column] * vector[column] }
      return sum
    }
  }

  func transposedTimes(_ vector: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: size)
    for row in 0..<size {
      for column in 0...row { result[column] += elements[row * size + column] * vector[row] }
    }
    return result
  }
}
