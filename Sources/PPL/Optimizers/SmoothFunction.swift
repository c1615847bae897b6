/// A function with its gradient, planned once.
struct SmoothFunction {
  struct Point {
    let position: [Double]
    let value: Double
    let gradient: [Double]

    var gradientNorm: Double { gradient.maximumNorm }
    var isFinite: Bool { value.isFinite && gradient.allSatisfy(\.isFinite) }
  }

  private let function: CompiledFunction
  private let shape: Shape
  private let dtype: DType

  init(_ start: Tensor, _ function: (Tensor) throws -> Tensor) throws {
    precondition(
      start.dtype.isFloat, "LBFGS: expected a floating-point start, got dtype \(start.dtype)")
    shape = start.shape
    dtype = start.dtype
    self.function = try compile(for: [start]) { arguments in
      let value = try function(arguments[0])
      precondition(
        value.count == 1, "LBFGS: expected a function to a scalar, got the shape \(value.shape)")
      return [value, Tensors.gradient(of: value, withRespectTo: arguments[0])]
    }
  }

  /// The relative error of a value.
  var rounding: Double { 10 * (dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne) }

  func evaluate(_ position: [Double]) -> Point {
    let position = Tensor(position, shape: shape, dtype: dtype)
    let results = function([position])
    return Point(
      position: position.array(), value: results[0].scalar(), gradient: results[1].array())
  }

  func iterate(_ point: Point) -> Minimum.Iterate {
    Minimum.Iterate(
      parameters: Tensor(point.position, shape: shape, dtype: dtype), value: point.value,
      gradient: Tensor(point.gradient, shape: shape, dtype: dtype))
  }
}
