internal import CTensorKernels

/// Solves Jᵀ g = r for each of many rows, J being the triangular Jacobian of yᵢ = f(xᵢ; θᵢ) where a
/// network computes θᵢ from the coordinates of earlier stages than i's.
///
/// The entries of J are products of the network's weights, which are never multiplied out: each weight
/// is used once, as in a derivative backwards through the network.
final class NetworkSolve: ArrayOperation {
  let name = "network solve"
  private let network: StagedNetwork

  init(_ network: StagedNetwork) { self.network = network }

  func encodeAttributes(into key: inout [Int]) { key += network.words }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let descriptor = ctk_network_desc(
      rows: Int64(shape[0]), dimension: Int64(shape[1]), outputs: Int64(network.outputsEach),
      layers: Int64(network.layers.count), stages: Int64(network.offsets[0].count - 1))
    var instruction = ArrayInstruction(
      ctk_network_solve(dtype.kernelCode), descriptor, for: name)
    instruction.descriptor += network.words.withUnsafeBytes { [UInt8]($0) }
    instruction.takesAddresses = true
    return instruction
  }

  /// Rows of the whole batch are rows too; weights of its elements are taken one by one.
  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let isWeight = network.isWeight
    if !zip(isBatched, isWeight).contains(where: { $0 && $1 }) {
      let rows = inputs.indices.map { index -> Tensor in
        let input = inputs[index]
        if isWeight[index] { return input }
        let all = isBatched[index] ? input : input.broadcast(to: [size] + input.shape)
        return all.reshaped(to: [size * all.shape[1], all.shape[2]])
      }
      return network.solve(rows).reshaped(to: [size] + original.shape)
    }
    return stack(
      (0..<size).map { element in
        network.solve(inputs.indices.map { isBatched[$0] ? inputs[$0][element] : inputs[$0] })
      })
  }
}

/// The shape of a masked network whose outputs are the parameters θ of maps yᵢ = f(xᵢ; θᵢ): in which
/// stage each coordinate and each hidden unit comes. A unit may see coordinates of stages up to its
/// own, and the outputs for a coordinate may see those of earlier stages. Stage 0 has no coordinates.
package struct StagedNetwork: Sendable {
  package struct Layer: Sendable {
    let inputs, outputs: Int
    let connects, activates, isResidual: Bool

    /// - Parameters:
    ///   - connects: whether there are any weights.
    ///   - activates: whether an activation acts on what enters. (None acts on the coordinates.)
    ///   - isResidual: whether what entered the layer before is added.
    package init(
      inputs: Int, outputs: Int, connects: Bool, activates: Bool, isResidual: Bool
    ) {
      self.inputs = inputs
      self.outputs = outputs
      self.connects = connects
      self.activates = activates
      self.isResidual = isResidual
    }
  }

  let order: [Int]
  let offsets: [[Int]]
  let layers: [Layer]
  let outputsEach: Int

  /// - Parameters:
  ///   - order: the coordinates in the order of their stages.
  ///   - offsets: for the coordinates and each layer of hidden units, which stand in the order of
  ///     their stages, how many come before each stage, and how many there are.
  ///   - layers: the layers of weights.
  ///   - outputsEach: how many outputs each coordinate has.
  package init(order: [Int], offsets: [[Int]], layers: [Layer], outputsEach: Int) {
    precondition(
      offsets.count == layers.count && layers.last?.outputs == outputsEach * order.count,
      "StagedNetwork: \(layers.count) layers, stages of \(offsets.count)")
    self.order = order
    self.offsets = offsets
    self.layers = layers
    self.outputsEach = outputsEach
  }

  /// What the kernel reads.
  fileprivate var words: [Int] {
    layers.flatMap {
      [$0.inputs, $0.outputs, $0.connects ? 1 : 0, $0.activates ? 1 : 0, $0.isResidual ? 1 : 0]
    } + order + offsets.flatMap { $0 }
  }

  /// Which operands are weights.
  fileprivate var isWeight: [Bool] {
    [false, false, false, false]
      + layers.flatMap { ($0.connects ? [true] : []) + ($0.activates ? [false] : []) }
  }

  fileprivate func solve(_ operands: [Tensor]) -> Tensor {
    let nodes = operands.map(\.node)
    return Tensor(
      Node(
        NetworkSolve(self), nodes[0], nodes[1], nodes[2], rest: Array(nodes.dropFirst(3)),
        shape: [operands[0].shape[0], order.count], dtype: operands[0].dtype))
  }

  /// g of Jᵀ g = r, row by row, where c is added to the cotangent (∂yᵢ/∂θ) gᵢ of each output. It has no
  /// derivative.
  ///
  /// - Parameters:
  ///   - right: r, rows × coordinates.
  ///   - own: ∂yᵢ/∂xᵢ, rows × coordinates.
  ///   - values: ∂yᵢ/∂θ, rows × outputs, parameter by parameter.
  ///   - added: c, as `values`.
  ///   - weights: of each layer that connects, inputs × outputs; the last one's outputs are in the order
  ///     of the coordinates' stages, those of one coordinate side by side.
  ///   - slopes: of the activation of each layer that activates, rows × inputs.
  package func solveTransposed(
    _ right: Tensor, own: Tensor, values: Tensor, added: Tensor, weights: [Tensor?],
    slopes: [Tensor?]
  ) -> Tensor {
    let (rows, outputs) = (right.shape[0], outputsEach * order.count)
    precondition(
      [right, own].allSatisfy { $0.shape == [rows, order.count] }
        && [values, added].allSatisfy { $0.shape == [rows, outputs] },
      "solveTransposed: \(right.shape), \(own.shape), \(values.shape), \(added.shape)")
    for (index, layer) in layers.enumerated() {
      precondition(
        weights[index]?.shape == (layer.connects ? [layer.inputs, layer.outputs] : nil)
          && slopes[index]?.shape == (layer.activates ? [rows, layer.inputs] : nil),
        "solveTransposed: operands of layer \(index) with \(layer)")
    }
    let all =
      [right, own, values, added]
      + layers.indices.flatMap { [weights[$0], slopes[$0]].compactMap { $0 } }
    let dtype = commonDType(right, weights.lazy.compactMap { $0 }.first ?? own, "solveTransposed")
    return solve(all.map { $0.operand(as: dtype) })
  }
}
