internal import Synchronization

/// One vertex of the expression graph: an operation, its inputs, and the shape of its result.
///
/// Immutable but for `storage`, which is set once, when the value is first computed. A node with
/// a value keeps its inputs, so that gradients still pass through it.
///
/// `@unchecked Sendable`: all fields are constant after `init` (the inputs are `var` only for the
/// iterative release in `deinit`), and `storage` is an atomic set-once reference.
package final class Node: @unchecked Sendable {
  let operation: any Operation
  private(set) var first: Node?
  private(set) var second: Node?
  private(set) var third: Node?
  private(set) var rest: [Node]
  let shape: Shape
  let dtype: DType
  /// A literal, or computed from literals alone: takes the other operand's dtype.
  let isWeak: Bool
  /// The value of a literal (bits of a Double, or an Int64), otherwise zero.
  let payload: UInt64
  private let value = AtomicLazyReference<Storage>()

  init(
    _ operation: any Operation, _ first: Node? = nil, _ second: Node? = nil,
    _ third: Node? = nil, rest: [Node] = [], shape: Shape, dtype: DType, isWeak: Bool = false,
    payload: UInt64 = 0
  ) {
    self.operation = operation
    self.first = first
    self.second = second
    self.third = third
    self.rest = rest
    self.shape = shape
    self.dtype = dtype
    self.isWeak = isWeak
    self.payload = payload
  }

  /// The computed value, if there is one.
  var storage: Storage? { value.load() }

  /// Attaches a value. When two tasks computed it at once, the first one stays.
  func attach(_ storage: Storage) { _ = value.storeIfNil(storage) }

  var inputCount: Int {
    guard first != nil else { return 0 }
    return (third != nil ? 3 : second != nil ? 2 : 1) + rest.count
  }

  var inputs: [Node] {
    var result: [Node] = []
    forEachInput { result.append($0) }
    return result
  }

  @inline(__always)
  func forEachInput(_ body: (Node) -> Void) {
    if let first { body(first) }
    if let second { body(second) }
    if let third { body(third) }
    for node in rest { body(node) }
  }

  // Releasing a chain of a million nodes must not recurse: inputs that nobody else holds are
  // taken apart in a loop.
  deinit {
    guard first != nil else { return }
    var pending: [Node] = []
    releaseInputs(into: &pending)
    while let node = pending.popLast() { node.releaseInputs(into: &pending) }
  }

  private func releaseInputs(into pending: inout [Node]) {
    Node.release(&first, into: &pending)
    Node.release(&second, into: &pending)
    Node.release(&third, into: &pending)
    guard !rest.isEmpty else { return }
    var nodes = rest
    rest = []
    while !nodes.isEmpty {
      var node: Node? = nodes.removeLast()
      Node.release(&node, into: &pending)
    }
  }

  private static func release(_ slot: inout Node?, into pending: inout [Node]) {
    if isKnownUniquelyReferenced(&slot), let node = slot, node.first != nil {
      pending.append(node)
    }
    slot = nil
  }
}
