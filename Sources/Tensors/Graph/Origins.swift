/// Which of some tensors each of others is computed from, or is itself: their numbers.
package func origins(of tensors: [Tensor], among sources: [Tensor]) -> [Set<Int>] {
  let order = GraphOrder(tensors.map(\.node))
  let width = (sources.count + 63) / 64
  // A bit per source for every node.
  var bits = [UInt64](repeating: 0, count: width * order.nodes.count)
  for (number, source) in sources.enumerated() {
    guard let position = order.table[source.node] else { continue }
    bits[position * width + number / 64] |= 1 << (number % 64)
  }
  for (position, node) in order.nodes.enumerated() {
    node.forEachInput { input in
      guard let from = order.table[input] else { return }
      for word in 0..<width { bits[position * width + word] |= bits[from * width + word] }
    }
  }
  return tensors.map { tensor in
    guard let position = order.table[tensor.node] else { return [] }
    return Set(
      sources.indices.filter { bits[position * width + $0 / 64] >> ($0 % 64) & 1 == 1 })
  }
}
