internal import PPL

/// How a layer's parameters follow a context: a fully connected network, from the context to what
/// is added to each of them.
public struct ContextNetwork: Sendable {
  let dimension: Int
  let hidden: [Int]
  let activation: Activation

  /// - Parameters:
  ///   - dimension: the number of elements of a context.
  ///   - hidden: the widths of the hidden layers.
  public init(dimension: Int, hidden: [Int] = [], activation: Activation = .tanh) {
    precondition(dimension > 0, "ContextNetwork: dimension must be positive, got \(dimension)")
    self.dimension = dimension
    self.hidden = hidden
    self.activation = activation
  }
}

/// The learned numbers of a layer: constants, or functions of a context.
///
/// What a context adds is added before the map onto a parameter's range, and starts near zero.
struct LayerParameters: Sendable {
  /// One parameter.
  struct Declaration: Sendable {
    let name: String
    let shape: Shape
    let constraint: Constraint
    /// Whether the layer is the identity where it is zero.
    let isChange: Bool
    let initial: @Sendable (RandomKey) -> Tensor

    init(
      _ name: String, _ shape: Shape, constraint: Constraint = .real, isChange: Bool = false,
      initial: @escaping @Sendable (RandomKey) -> Tensor
    ) {
      (self.name, self.shape, self.constraint) = (name, shape, constraint)
      (self.isChange, self.initial) = (isChange, initial)
    }

    /// One that starts at zero.
    init(_ name: String, _ shape: Shape) {
      self.init(name, shape) { _ in Tensor.zeros(shape) }
    }

    var freeShape: Shape { constraint.bijector.inverseShape(shape) }

    /// The parameter site, of the value in its range or before the map onto that.
    func site(_ prefix: String, isFree: Bool) -> Tensor {
      let name = "\(prefix).\(name)"
      guard !isChange else { return change(name, initializedBy: initial) }
      guard isFree else {
        return param(name, constraint: constraint, initializedBy: initial)
      }
      return param(name) { constraint.bijector.inverse(initial($0)) }
    }
  }

  private let prefix: String
  private let declarations: [Declaration]
  private let context: ContextNetwork?

  /// - Parameter prefix: of the parameters' names.
  init(_ prefix: String, context: ContextNetwork?, _ declarations: [Declaration]) {
    self.prefix = prefix
    self.context = context
    self.declarations = declarations
  }

  /// The values in the order they were declared; those of a context have its batch in front.
  func callAsFunction(_ given: Tensor?) -> [Tensor] {
    guard let context else { return declarations.map { $0.site(prefix, isFree: false) } }
    let changes = self.changes(context, given)
    return zip(declarations, changes).map {
      $0.constraint.bijector.forward($0.site(prefix, isFree: true) + $1)
    }
  }

  /// What the context adds to each parameter.
  private func changes(_ context: ContextNetwork, _ given: Tensor?) -> [Tensor] {
    let given = checkedContext(given, context.dimension, prefix)
    let counts = declarations.map(\.freeShape.elementCount)
    let network = DenseNetwork(
      [context.dimension] + context.hidden + [counts.reduce(0, +)],
      activation: context.activation, name: "\(prefix).context")
    let all = network(given, network.parameters())
    let batch = Shape(given.shape.dropLast())
    return zip(declarations, all.split(counts, along: -1)).map {
      $1.reshaped(to: batch + $0.freeShape)
    }
  }
}

/// The context of a layer that needs one; traps where it is missing or of another size.
func checkedContext(_ context: Tensor?, _ dimension: Int, _ name: String) -> Tensor {
  guard let context else {
    preconditionFailure("\(name): no context given; it takes one of \(dimension) elements")
  }
  precondition(
    context.rank > 0 && context.shape[context.rank - 1] == dimension,
    "\(name): a context of shape \(context.shape); it takes one of \(dimension) elements")
  return context
}

/// Vectors times a matrix: x A for x of shape … × n and A of shape … × n × m.
func vectorProduct(_ x: Tensor, _ matrix: Tensor) -> Tensor {
  if matrix.rank == 2 { return x.rank == 1 ? matmul(x, matrix) : flatProduct(x, matrix) }
  return matmul(x.expandingDims(at: -2), matrix).squeezing(at: -2)
}

/// One product for all batch axes.
private func flatProduct(_ x: Tensor, _ matrix: Tensor) -> Tensor {
  let rows = x.reshaped(to: [x.count / max(matrix.shape[0], 1), matrix.shape[0]])
  return matmul(rows, matrix).reshaped(to: Shape(x.shape.dropLast()) + [matrix.shape[1]])
}
