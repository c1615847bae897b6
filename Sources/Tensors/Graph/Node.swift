internal import Synchronization

/// One vertex of the expression graph: an operation, its inputs, and the shape of its result.
///
/// Immutable but for the value, which is set once, when it is first computed. A node with a value
/// keeps its inputs, so that gradients still pass through it.
///
/// `@unchecked Sendable`: the fields are constant after `init`; the value is an atomic pointer set
/// once; `isDismantled` is touched by the last owner only.
package final class Node: @unchecked Sendable {
  let operation: any Operation
  let shape: Shape
  let dtype: DType
  /// A literal, or computed from literals alone: takes the other operand's dtype.
  let isWeak: Bool
  /// The value of a literal (bits of a Double, or an Int64), otherwise zero.
  let payload: UInt64
  let inputCount: Int
  // Owned references. They are unmanaged so that `deinit` can take apart a long chain in a loop,
  // and so that reading them needs no dynamic check.
  private let first: Unmanaged<Node>?
  private let second: Unmanaged<Node>?
  private let third: Unmanaged<Node>?
  private let rest: [Unmanaged<Node>]
  private var isDismantled = false
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
    inputCount =
      first == nil ? 0 : (third != nil ? 3 : second != nil ? 2 : 1) + rest.count
    self.shape = shape
    self.dtype = dtype
    self.isWeak = isWeak
    self.payload = payload
  }

  // MARK: Value

  /// Whether the value has been computed.
  @inline(__always)
  var hasValue: Bool { value.load(ordering: .acquiring) != nil }

  /// The computed value, if there is one.
  var storage: Storage? {
    value.load(ordering: .acquiring).map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
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
    if let third { body(third) }
    for node in rest { body(node) }
  }

  // MARK: Release

  // Releasing a chain of a million nodes must not recurse: inputs that nobody else holds are
  // taken apart in a loop.
  deinit {
    if let value = value.load(ordering: .acquiring) {
      Unmanaged<Storage>.fromOpaque(value).release()
    }
    guard inputCount > 0, !isDismantled else { return }
    var pending: [Node] = []
    dismantle(into: &pending)
    while let node = pending.popLast() { node.dismantle(into: &pending) }
  }

  /// Gives up the inputs; those that nobody else holds and that have inputs join `pending`.
  private func dismantle(into pending: inout [Node]) {
    isDismantled = true
    forEachReference { input in
      var node = input.takeRetainedValue()
      if node.inputCount > 0 && isKnownUniquelyReferenced(&node) { pending.append(node) }
    }
  }
}
