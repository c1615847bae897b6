/// Positions of nodes in a list, found by identity: open addressing, a few nanoseconds a look-up.
struct NodeTable {
  private var slots: [Int32]
  private var keys: [UInt]
  private var mask: Int
  private(set) var count = 0

  init() {
    slots = [Int32](repeating: -1, count: 256)
    keys = [UInt](repeating: 0, count: 256)
    mask = 255
  }

  private static func key(_ node: Node) -> UInt {
    UInt(bitPattern: Unmanaged.passUnretained(node).toOpaque())
  }

  private func start(_ key: UInt) -> Int {
    Int(truncatingIfNeeded: ((key >> 4) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
  }

  subscript(node: Node) -> Int? {
    let key = NodeTable.key(node)
    var slot = start(key)
    while slots[slot] >= 0 {
      if keys[slot] == key { return Int(slots[slot]) }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Gives `node` the next position unless it has one; tells whether it was new.
  mutating func insert(_ node: Node) -> Bool {
    let key = NodeTable.key(node)
    var slot = start(key)
    while slots[slot] >= 0 {
      if keys[slot] == key { return false }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(count)
    keys[slot] = key
    count += 1
    if 2 * count > mask { grow() }
    return true
  }

  private mutating func grow() {
    let old = (slots, keys)
    mask = 2 * mask + 1
    slots = [Int32](repeating: -1, count: mask + 1)
    keys = [UInt](repeating: 0, count: mask + 1)
    for (position, key) in zip(old.0, old.1) where position >= 0 {
      var slot = start(key)
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = position
      keys[slot] = key
    }
  }
}

/// The nodes that some outputs depend on, every input before its users. Iterative: graphs may be
/// a million nodes deep.
struct GraphOrder {
  private(set) var nodes: [Node] = []
  private(set) var table = NodeTable()

  /// - Parameter stopAt: nodes whose inputs are not followed.
  init(_ outputs: [Node], stopAt: (Node) -> Bool = { _ in false }) {
    var visited = NodeTable()
    var stack: [(node: Node, expanded: Bool)] = []
    for output in outputs {
      stack.append((output, false))
      while let (node, expanded) = stack.popLast() {
        if expanded {
          if table.insert(node) { nodes.append(node) }
          continue
        }
        guard visited.insert(node) else { continue }
        stack.append((node, true))
        if !stopAt(node) {
          let base = stack.count
          node.forEachInput { stack.append(($0, false)) }
          stack[base...].reverse()
        }
      }
    }
  }
}
