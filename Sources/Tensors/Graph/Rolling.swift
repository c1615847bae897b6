/// Several computations of one structure done as one, on what they differ in, stacked.
///
/// - Parameters:
///   - instances: the results of each computation. Those of the first serve as the pattern.
///   - parameters: tensors that each computation uses in place of the first one's; they stay as they
///     are.
///   - atoms: tensors that are taken as they are, not compared.
///   - isBound: whether a tensor is computed from parameters.
/// - Returns: for each result of the first computation the same for all, along a new outermost axis,
///   or as it is where it is the same for all; nil if the structures differ.
package func rolled(
  _ instances: [[Tensor]], parameters: [[Tensor]], atoms: [Tensor], isBound: (Tensor) -> Bool
) -> [(tensor: Tensor, isStacked: Bool)]? {
  var matching = GraphMatching(instances[0], parameters[0], atoms)
  var columns: [[Node?]] = []
  for (outputs, own) in zip(instances, parameters).dropFirst() {
    guard let images = matching.match(outputs, own, isBound) else { return nil }
    columns.append(images)
  }
  let replacements = matching.holes.sorted().map { hole -> (Tensor, Tensor) in
    let original = matching.order.nodes[hole]
    let images = [original] + columns.map { $0[hole] ?? original }
    return (Tensor(original), stackedSlices(images) ?? stack(images.map(Tensor.init)))
  }
  let results = batchingDependents(
    instances[0], replacing: replacements, size: instances.count)
  return zip(instances[0], results).map { ($1 ?? $0, $1 != nil) }
}

/// Entries of one tensor at equal distances, stacked, as a slice of it.
private func stackedSlices(_ nodes: [Node]) -> Tensor? {
  guard nodes.allSatisfy({ $0.operation is SliceOperation }), let source = nodes[0].inputs.first,
    nodes.allSatisfy({ $0.inputs[0] === source })
  else { return nil }
  let attributes = nodes.map { node in
    var result: [Int] = []
    node.operation.encodeAttributes(into: &result)
    return result
  }
  let (axis, start) = (attributes[0][0], attributes[0][1])
  let distance = attributes[1][1] - start
  guard nodes[0].shape[axis] == 1, distance != 0,
    attributes.enumerated().allSatisfy({ $1[0] == axis && $1[1] == start + $0 * distance })
  else { return nil }
  let part = Tensor(source).sliced(
    along: axis, start: start, count: nodes.count, step: distance)
  let others = (0..<part.rank).filter { $0 != axis }
  let first = axis == 0 ? part : part.transposed(to: [axis] + others)
  return first.reshaped(to: [nodes.count] + nodes[0].shape)
}

/// Compares the graphs of computations with that of a first one.
private struct GraphMatching {
  let order: GraphOrder
  /// Nodes of the pattern in whose place other computations have something else.
  private(set) var holes: Set<Int> = []
  private let outputs: [Node]
  private let isAtom: NodeSet
  private let numbers: NodeTable

  init(_ outputs: [Tensor], _ parameters: [Tensor], _ atoms: [Tensor]) {
    self.outputs = outputs.map(\.node)
    let isAtom = NodeSet(atoms)
    var numbers = NodeTable()
    for parameter in parameters { _ = numbers.insert(parameter.node) }
    order = GraphOrder(self.outputs) {
      $0.storage != nil || isAtom.contains($0) || numbers[$0] != nil
    }
    self.isAtom = isAtom
    self.numbers = numbers
  }

  /// What another computation has in place of each node of the pattern, nil for the same.
  mutating func match(
    _ outputs: [Tensor], _ parameters: [Tensor], _ isBound: (Tensor) -> Bool
  ) -> [Node?]? {
    let own = NodeSet(parameters)
    var images = [Node?](repeating: nil, count: order.nodes.count)
    var pending = Array(zip(self.outputs, outputs.map(\.node)))
    while let (node, image) = pending.popLast() {
      guard let position = order.table[node] else { return nil }
      if let number = numbers[node] {
        guard image === parameters[number].node else { return nil }
        continue
      }
      if let known = images[position] {
        guard known === image else { return nil }
        continue
      }
      if own.contains(image) || (node === image && isBound(Tensor(node))) { return nil }
      images[position] = image
      if node === image { continue }
      if hasSameOperation(node, image) {
        pending += zip(node.inputs, image.inputs)
      } else if !node.isSameConstant(as: image) {
        guard node.shape == image.shape, node.dtype == image.dtype, !isBound(Tensor(node)),
          !isBound(Tensor(image))
        else { return nil }
        holes.insert(position)
      }
    }
    return isConsistent(images) ? images : nil
  }

  /// Whether what is one and the same in both is computed from what is the same, too.
  private func isConsistent(_ images: [Node?]) -> Bool {
    var isSame = [Bool](repeating: false, count: order.nodes.count)
    for (position, node) in order.nodes.enumerated().reversed() {
      if let image = images[position], image === node { isSame[position] = true }
      guard isSame[position] else { continue }
      if let image = images[position], image !== node { return false }
      node.forEachInput { if let input = order.table[$0] { isSame[input] = true } }
    }
    return true
  }

  private func hasSameOperation(_ a: Node, _ b: Node) -> Bool {
    guard a.inputCount > 0, a.inputCount == b.inputCount, a.storage == nil, b.storage == nil,
      a.operation.identity == b.operation.identity, a.shape == b.shape, a.dtype == b.dtype,
      a.isWeak == b.isWeak, !isAtom.contains(a), !isAtom.contains(b)
    else { return false }
    var attributes: ([Int], [Int]) = ([], [])
    a.operation.encodeAttributes(into: &attributes.0)
    b.operation.encodeAttributes(into: &attributes.1)
    return attributes.0 == attributes.1
  }
}

private struct NodeSet {
  private let nodes: Set<ObjectIdentifier>

  init(_ tensors: [Tensor]) { nodes = Set(tensors.map { ObjectIdentifier($0.node) }) }

  func contains(_ node: Node) -> Bool { nodes.contains(ObjectIdentifier(node)) }
}

extension Node {
  /// The largest constant whose elements are compared.
  private static let comparedBytes = 4096

  /// Whether both are literals, or integers, of the same elements. Floating-point data are kept
  /// apart, as derivatives may be wanted by each.
  fileprivate func isSameConstant(as other: Node) -> Bool {
    guard shape == other.shape, dtype == other.dtype, isWeak == other.isWeak,
      isWeak || !dtype.isFloat
    else { return false }
    if operation is Literal && other.operation is Literal { return payload == other.payload }
    guard operation is Stored, other.operation is Stored, let a = storage,
      let b = other.storage, a.byteCount <= Node.comparedBytes
    else { return false }
    return UnsafeRawBufferPointer(start: a.pointer, count: a.byteCount)
      .elementsEqual(UnsafeRawBufferPointer(start: b.pointer, count: b.byteCount))
  }
}
