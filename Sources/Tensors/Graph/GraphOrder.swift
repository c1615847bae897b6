/// Positions of nodes in a list, found by identity: open addressing, a few nanoseconds a look-up.
struct NodeTable {
  private var slots: ContiguousArray<Slot>
  private var mask: Int
  private(set) var count = 0

  private struct Slot {
    var key: UInt = 0
    var position: Int = 0
  }

  init() {
    slots = ContiguousArray(repeating: Slot(), count: 512)
    mask = 511
  }

  @inline(__always)
  private static func start(_ key: UInt) -> Int {
    Int(truncatingIfNeeded: ((key >> 4) &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }

  @inline(__always)
  private static func key(_ node: Unmanaged<Node>) -> UInt { UInt(bitPattern: node.toOpaque()) }

  subscript(node: Node) -> Int? { self[Unmanaged.passUnretained(node)] }

  subscript(node: Unmanaged<Node>) -> Int? {
    let position = self.position(node)
    return position < 0 ? nil : position
  }

  /// The position, −1 if there is none.
  @inline(__always)
  func position(_ node: Unmanaged<Node>) -> Int {
    let key = NodeTable.key(node)
    return slots.withUnsafeBufferPointer { slots in
      var slot = NodeTable.start(key) & mask
      while slots[slot].key != 0 {
        if slots[slot].key == key { return slots[slot].position }
        slot = (slot + 1) & mask
      }
      return -1
    }
  }

  /// Gives a node the next position unless it has one; tells whether it was new.
  mutating func insert(_ node: Node) -> Bool {
    let reference = Unmanaged.passUnretained(node)
    guard position(reference) < 0 else { return false }
    set(reference, count)
    return true
  }

  /// Sets the position of a node.
  mutating func set(_ node: Unmanaged<Node>, _ position: Int) {
    let key = NodeTable.key(node)
    let mask = mask
    let isNew = slots.withUnsafeMutableBufferPointer { slots in
      var slot = NodeTable.start(key) & mask
      while slots[slot].key != 0 && slots[slot].key != key { slot = (slot + 1) & mask }
      let isNew = slots[slot].key == 0
      slots[slot] = Slot(key: key, position: position)
      return isNew
    }
    guard isNew else { return }
    count += 1
    if 2 * count > mask { grow() }
  }

  private mutating func grow() {
    let old = slots
    mask = 2 * mask + 1
    slots = ContiguousArray(repeating: Slot(), count: mask + 1)
    for entry in old where entry.key != 0 {
      var slot = NodeTable.start(entry.key) & mask
      while slots[slot].key != 0 { slot = (slot + 1) & mask }
      slots[slot] = entry
    }
  }
}

/// The nodes that some outputs depend on, every input before its users. Iterative: graphs may be
/// a million nodes deep.
struct GraphOrder {
  private(set) var nodes: ContiguousArray<Node> = []
  private(set) var table = NodeTable()

  /// Marks, in the lowest bit of an address, a node on the stack whose inputs lie above it.
  private static let open: UInt = 1

  /// - Parameters:
  ///   - first: the inputs of nodes of earlier epochs are not followed.
  ///   - stopAt: nor are those of these nodes.
  init(_ outputs: [Node], since first: UInt32 = 0, stopAt: (Node) -> Bool = { _ in false }) {
    // The outputs own every node on the stack.
    var stack: ContiguousArray<UInt> = []
    nodes.reserveCapacity(256)
    stack.reserveCapacity(256)
    for output in outputs {
      stack.append(GraphOrder.address(Unmanaged.passUnretained(output)))
      while let top = stack.popLast() {
        let reference = GraphOrder.node(top)
        if top & GraphOrder.open == 0 {
          if table.position(reference) >= 0 { continue }
          let node = reference.takeUnretainedValue()
          if node.inputCount > 0, node.epoch >= first, !stopAt(node) {
            stack.append(top | GraphOrder.open)
            let base = stack.count
            node.forEachReference { stack.append(GraphOrder.address($0)) }
            if stack.count - base > 1 { stack[base...].reverse() }
            continue
          }
        }
        table.set(reference, nodes.count)
        nodes.append(reference.takeUnretainedValue())
      }
    }
  }

  /// The nodes that may depend on some others, which must be alive, and the inputs of these nodes.
  init(_ outputs: [Node], dependingOn sources: [Node]) {
    let ends = Set(sources.map(ObjectIdentifier.init))
    self.init(outputs, since: Node.firstEpoch(of: sources)) {
      ends.contains(ObjectIdentifier($0))
    }
  }

  @inline(__always)
  private static func address(_ node: Unmanaged<Node>) -> UInt {
    UInt(bitPattern: node.toOpaque())
  }

  @inline(__always)
  private static func node(_ address: UInt) -> Unmanaged<Node> {
    // Safe: made from a node's address.
    Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: address & ~open).unsafelyUnwrapped)
  }
}
