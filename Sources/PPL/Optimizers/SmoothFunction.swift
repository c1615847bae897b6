/// A function with its gradient, planned once.
struct SmoothFunction {
  struct Point {
    let position: [Double]
    let value: Double
    let gradient: [Double]

    var gradientNorm: Double { gradient.maximumNorm }
    var isFinite: Bool { value.isFinite && gradient.allSatisfy(\.isFinite) }
  }

  private let valueAndGradient: ([Double]) -> (value: Double, gradient: [Double])
  private let shape: Shape
  private let dtype: DType

  init(_ start: Tensor, _ function: (Tensor) throws -> Tensor) throws {
    precondition(
      start.dtype.isFloat, "LBFGS: expected a floating-point start, got dtype \(start.dtype)")
    let (shape, dtype) = (start.shape, start.dtype)
    let compiled = try compile(for: [start]) { arguments in
      let value = try function(arguments[0])
      precondition(
        value.count == 1, "LBFGS: expected a function to a scalar, got the shape \(value.shape)")
      return [value, Tensors.gradient(of: value, withRespectTo: arguments[0])]
    }
    self.shape = shape
    self.dtype = dtype
    valueAndGradient = { position in
      let results = compiled([Tensor(position, shape: shape, dtype: dtype)])
      return (results[0].scalar(), results[1].array())
    }
  }

  /// A function of a vector of `dimension` numbers that finds its own gradient.
  init(
    dimension: Int,
    _ valueAndGradient: @escaping ([Double]) -> (value: Double, gradient: [Double])
  ) {
    shape = [dimension]
    dtype = .float64
    self.valueAndGradient = valueAndGradient
  }

  /// The relative error of a value.
  var rounding: Double { 10 * (dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne) }

  func evaluate(_ position: [Double]) -> Point {
    // In single precision the position is a rounded one.
    let position =
      dtype == .float32 ? Tensor(position, shape: shape, dtype: dtype).array() : position
    let (value, gradient) = valueAndGradient(position)
    return Point(position: position, value: value, gradient: gradient)
  }

  func iterate(_ point: Point) -> Minimum.Iterate {
    Minimum.Iterate(
      parameters: Tensor(point.position, shape: shape, dtype: dtype), value: point.value,
      gradient: Tensor(point.gradient, shape: shape, dtype: dtype))
  }
}
