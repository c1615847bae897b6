public import PPL

/// What follows the affine part of a hidden layer.
public enum Activation: Sendable {
  case tanh
  case relu
  case elu
  case softplus

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .tanh: Tensors.tanh(x)
    case .relu: Tensors.relu(x)
    case .elu: Tensors.elu(x)
    case .softplus: Tensors.softplus(x)
    }
  }
}

/// A masked autoregressive network (Germain et al. 2015): output i depends on inputs before i only.
///
/// Units carry degrees: input i has degree i + 1, the units of a hidden layer of width H the degrees
/// round(1 … D − 1) evenly, and a connection exists where degrees do not decrease, to the outputs
/// where they increase. Every output parameter has D values.
public struct MADE: Sendable {
  private let widths: [Int]
  private let masks: [Tensor]
  private let outputs: Int
  private let dimension: Int
  private let activation: Activation
  private let name: String

  /// - Parameters:
  ///   - dimension: D, the number of inputs.
  ///   - hidden: the widths of the hidden layers.
  ///   - outputs: how many values per input.
  ///   - name: the prefix of the parameters' names.
  public init(
    dimension: Int, hidden: [Int], outputs: Int, activation: Activation = .tanh, name: String,
    dtype: DType
  ) {
    precondition(dimension > 0, "MADE: dimension must be positive, got \(dimension)")
    precondition(
      hidden.allSatisfy { $0 > 0 }, "MADE: hidden widths must be positive, got \(hidden)")
    self.dimension = dimension
    self.outputs = outputs
    self.activation = activation
    self.name = name
    widths = [dimension] + hidden + [outputs * dimension]
    let input = Array(1...dimension)
    let degrees =
      [input] + hidden.map { MADE.hiddenDegrees($0, dimension) }
      + [(0..<outputs).flatMap { _ in input }]
    let last = degrees.count - 2
    masks = (0...last).map { layer in
      let isLast = layer == last
      return MADE.mask(from: degrees[layer], to: degrees[layer + 1], isStrict: isLast, dtype)
    }
  }

  private static func hiddenDegrees(_ width: Int, _ dimension: Int) -> [Int] {
    let last = Double(max(dimension - 1, 1))
    return (0..<width).map { unit in
      let position = width > 1 ? Double(unit) / Double(width - 1) : 0
      return Int((1 + position * (last - 1)).rounded(.toNearestOrEven))
    }
  }

  /// 1 where a unit of the row's degree may feed one of the column's.
  private static func mask(from: [Int], to: [Int], isStrict: Bool, _ dtype: DType) -> Tensor {
    let values = from.flatMap { a in to.map { b in (isStrict ? b > a : b >= a) ? 1.0 : 0 } }
    return Tensor(values, shape: [from.count, to.count], dtype: dtype)
  }

  /// The output parameters at x, each of x's shape. The weights are parameter sites.
  ///
  /// They start so small in the last layer that the outputs start near zero.
  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var hidden = x
    for layer in masks.indices {
      let isLast = layer == masks.count - 1
      let weight = self.weight(layer, isLast)
      let bias = param("\(name).bias\(layer)", Tensor.zeros([widths[layer + 1]]))
      hidden = matmul(hidden, weight * masks[layer]) + bias
      if !isLast { hidden = activation(hidden) }
    }
    return hidden.split([Int](repeating: dimension, count: outputs), along: -1)
  }

  private func weight(_ layer: Int, _ isLast: Bool) -> Tensor {
    let shape: Shape = [widths[layer], widths[layer + 1]]
    let bound = 1 / Double(widths[layer]).squareRoot() * (isLast ? 0.01 : 1)
    return param(
      "\(name).weight\(layer)",
      initializedBy: { key in
        bound * (2 * key.uniform(shape) - 1)
      })
  }
}
