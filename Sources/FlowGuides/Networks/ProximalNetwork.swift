internal import PPL

/// Layers x ↦ Tᵀ tanh(T x + b) with orthonormal columns T, one after another (Hasannasab et al.
/// 2020), as a function of their parameters.
///
/// Each is half the identity and half a map that brings no points farther apart; k of them are
/// 1 / (k + 1) times the identity and k / (k + 1) times such a map.
struct ProximalNetwork: Sendable {
  private let dimension: Int
  private let hidden: [Int]
  private let name: String
  private let context: ContextNetwork?

  /// - Parameters:
  ///   - hidden: the width of each layer, at least the dimension.
  ///   - context: moves the units of the first layer.
  init(dimension: Int, hidden: [Int], name: String, context: ContextNetwork?) {
    precondition(
      !hidden.isEmpty && hidden.allSatisfy { $0 >= dimension },
      "\(name): proximal layers must be at least as wide as the \(dimension) dimensions")
    (self.dimension, self.hidden, self.name, self.context) = (dimension, hidden, name, context)
  }

  /// How much of the network is identity.
  var identityShare: Double { 1 / Double(hidden.count + 1) }

  func parameters(_ given: Tensor?) -> [Tensor] {
    hidden.enumerated().flatMap { layer, width -> [Tensor] in
      let shape: Shape = [width, dimension]
      return [
        param("\(name).columns\(layer)") { $0.normal(shape) },
        bias(layer, width, name, context, given),
      ]
    }
  }

  func callAsFunction(_ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    hidden.indices.reduce(x) { x, layer in
      let columns = qr(parameters[2 * layer]).q
      let inner = vectorProduct(x, columns.transposed()) + parameters[2 * layer + 1]
      return vectorProduct(tanh(inner), columns)
    }
  }
}
