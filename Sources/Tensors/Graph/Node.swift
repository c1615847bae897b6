internal import Synchronization

/// One vertex of the expression graph: an operation, its inputs, and the shape of its result.
///
/// Immutable but for the value, which is set once, when it is first computed. A node with a value
/// keeps its inputs, so that gradients still pass through it.
///
/// `@unchecked Sendable`: the fields are constant after `init`; the value is an atomic pointer set
/// once; `flags` change only when the last owner takes the node apart.
///
/// A step of a model makes hundreds of nodes and drops them together: the fields are ordered so that
/// one takes 120 bytes, the most that the C library frees without looking for free neighbours.
package final class Node: @unchecked Sendable {
  let operation: any Operation
  let shape: Shape
  let dtype: DType
  /// How many of `first`, `second` and `third` there are, and whether it is weak in the highest bit: a
  /// byte more would make the node larger.
  private var flags: UInt8
  /// The length of the longest path to a leaf, at most 255.
  private let height: UInt8
  /// How many epochs had begun when it was made: a node depends on none of a later one.
  let epoch: UInt32
  /// The value of a literal (bits of a Double, or an Int64), otherwise zero.
  let payload: UInt64
  // Owned references. They are unmanaged so that `deinit` can take apart a long chain in a loop,
  // and so that reading them needs no dynamic check. There is a `rest` only behind a `third`.
  private let first: Unmanaged<Node>?
  private let second: Unmanaged<Node>?
  private let third: Unmanaged<Node>?
  private let rest: [Unmanaged<Node>]
  private let value = Atomic<UnsafeRawPointer?>(nil)

  init(
    _ operation: any Operation, _ first: Node? = nil, _ second: Node? = nil,
    _ third: Node? = nil, rest: [Node] = [], shape: Shape, dtype: DType, isWeak: Bool = false,
    payload: UInt64 = 0
  ) {
    self.operation = operation
    self.first = first.map(Unmanaged.passRetained)
    self.second = second.map(Unmanaged.passRetained)
    self.third = third.map(Unmanaged.passRetained)
    self.rest = rest.map(Unmanaged.passRetained)
    let count: UInt8 = third != nil ? 3 : second != nil ? 2 : first != nil ? 1 : 0
    flags = isWeak ? count | Node.weak : count
    var height = max(first?.height ?? 0, second?.height ?? 0, third?.height ?? 0)
    for node in rest { height = max(height, node.height) }
    self.height = height < .max ? height + 1 : height
    self.shape = shape
    self.dtype = dtype
    self.payload = payload
    epoch = Node.epochs.load(ordering: .relaxed)
  }

  // MARK: Epochs

  private static let epochs = Atomic<UInt32>(0)

  /// Begins an epoch: nodes made from now on can be told from all that there were. Where a graph is
  /// searched for what depends on some nodes, those of earlier epochs need not be looked at; without
  /// that, building a graph of many loops takes the square of their number.
  static func beginEpoch() {
    // After the last one, all nodes are of one epoch, and all are looked at.
    if epochs.load(ordering: .relaxed) < .max - 1024 { epochs.add(1, ordering: .relaxed) }
  }

  /// The epoch of the oldest: what depends on one of them is of no earlier one.
  static func firstEpoch(of nodes: [Node]) -> UInt32 { nodes.map(\.epoch).min() ?? .max }

  // MARK: Value

  /// Whether the value has been computed.
  @inline(__always)
  var hasValue: Bool { value.load(ordering: .acquiring) != nil }

  /// The computed value, if there is one.
  var storage: Storage? {
    value.load(ordering: .acquiring).map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
  }

  /// Where the computed value lies, if there is one, without a reference count being touched.
  var address: UnsafeMutableRawPointer? {
    value.load(ordering: .acquiring).map {
      Unmanaged<Storage>.fromOpaque($0)._withUnsafeGuaranteedRef { $0.pointer }
    }
  }

  /// Attaches a value. When two tasks computed it at once, the first one stays.
  func attach(_ storage: Storage) {
    let owned = Unmanaged.passRetained(storage)
    let (exchanged, _) = value.compareExchange(
      expected: nil, desired: UnsafeRawPointer(owned.toOpaque()),
      ordering: .acquiringAndReleasing)
    if !exchanged { owned.release() }
  }

  // MARK: Inputs

  private static let weak: UInt8 = 0x80

  /// A literal, or computed from literals alone: takes the other operand's dtype.
  @inline(__always)
  var isWeak: Bool { flags & Node.weak != 0 }

  /// None any more once they were given up.
  @inline(__always)
  private var inlineCount: UInt8 { flags & ~Node.weak }

  @inline(__always)
  var inputCount: Int { inlineCount < 3 ? Int(inlineCount) : 3 + rest.count }

  var inputs: [Node] {
    var result: [Node] = []
    result.reserveCapacity(inputCount)
    forEachInput { result.append($0) }
    return result
  }

  func forEachInput(_ body: (Node) -> Void) {
    forEachReference { body($0.takeUnretainedValue()) }
  }

  /// The inputs without their reference counts being touched.
  @inline(__always)
  func forEachReference(_ body: (Unmanaged<Node>) -> Void) {
    if let first { body(first) }
    if let second { body(second) }
    guard let third else { return }
    body(third)
    for node in rest { body(node) }
  }

  // MARK: Release

  /// Up to this height releasing a node recurses; a chain of a million is taken apart in a loop.
  private static let recursionLimit: UInt8 = 100

  deinit {
    if let value = value.load(ordering: .acquiring) {
      Unmanaged<Storage>.fromOpaque(value).release()
    }
    guard inlineCount > 0 else { return }
    guard height > Node.recursionLimit else { return forEachReference { $0.release() } }
    var pending: [Node] = []
    dismantle(into: &pending)
    while let node = pending.popLast() { node.dismantle(into: &pending) }
  }

  /// Gives up the inputs; high ones that nobody else holds join `pending`.
  private func dismantle(into pending: inout [Node]) {
    flags &= Node.weak
    forEachReference { input in
      var node = input.takeRetainedValue()
      if node.height > Node.recursionLimit && isKnownUniquelyReferenced(&node) {
        pending.append(node)
      }
    }
  }
}
