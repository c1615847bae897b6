#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The structure of a graph, exactly: equal keys mean that one plan serves both graphs.
///
/// `@unchecked Sendable`: the words are written in `init` only.
package final class GraphKey: Hashable, @unchecked Sendable {
  private let memory: UnsafeMutablePointer<Int>
  private let count: Int
  private let digest: Int

  /// - Parameter outputs: what the plan is for; nodes of the graph.
  init(_ order: GraphOrder, outputs: [Node]) {
    var writer = KeyWriter(capacity: order.nodes.count * 8 + outputs.count)
    for node in order.nodes { writer.encode(node, order.table) }
    for output in outputs { writer.append(order.table[output] ?? -1) }
    memory = writer.words
    count = writer.count
    digest = writer.digest()
  }

  deinit { memory.deallocate() }

  /// The structure as numbers, to be part of another key.
  var words: [Int] { Array(UnsafeBufferPointer(start: memory, count: count)) }

  package static func == (left: GraphKey, right: GraphKey) -> Bool {
    guard left.digest == right.digest, left.count == right.count else { return false }
    return memcmp(left.memory, right.memory, left.count * 8) == 0
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// Writes nodes as numbers into memory that grows.
private struct KeyWriter {
  private(set) var words: UnsafeMutablePointer<Int>
  private(set) var count = 0
  private var capacity: Int
  private var attributes: [Int] = []

  init(capacity: Int) {
    self.capacity = max(capacity, 64)
    words = .allocate(capacity: self.capacity)
  }

  mutating func append(_ word: Int) {
    if count == capacity { grow() }
    words[count] = word
    count += 1
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Int>.allocate(capacity: 2 * capacity)
    larger.update(from: words, count: count)
    words.deallocate()
    words = larger
    capacity *= 2
  }

  mutating func encode(_ node: Node, _ table: NodeTable) {
    let operation = node.operation
    append(operation.identity)
    let kind = Int(node.dtype.rawValue) | (node.hasValue ? 16 : 0)
    append(kind | node.shape.rank << 8 | node.inputCount << 16)
    for axis in 0..<node.shape.rank { append(node.shape[axis]) }
    if operation === Literal.shared {
      if node.hasTelltaleValue { append(Int(truncatingIfNeeded: node.payload)) }
      return
    }
    operation.encodeAttributes(into: &attributes)
    if !attributes.isEmpty {
      for attribute in attributes { append(attribute) }
      attributes.removeAll(keepingCapacity: true)
    }
    node.forEachReference { append(table.position($0)) }
  }

  func digest() -> Int {
    var digest: UInt64 = 0x9E37_79B9_7F4A_7C15
    for index in 0..<count {
      digest = (digest ^ UInt64(bitPattern: Int64(words[index]))) &* 0xD6E8_FEB8_6659_FD93
      digest ^= digest >> 32
    }
    return Int(truncatingIfNeeded: digest)
  }
}
