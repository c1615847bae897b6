internal import Synchronization

/// Computes the values of tensors together, sharing what they have in common.
///
/// Reading a tensor evaluates it; `eval` does so for several at once and in one pass.
public func eval(_ tensors: Tensor...) { eval(tensors) }

public func eval(_ tensors: [Tensor]) {
  TraceRecorder.noteReads(of: tensors)
  let pending = tensors.map(\.node).filter { $0.storage == nil }
  guard !pending.isEmpty else { return }
  var unique: [Node] = []
  for node in pending where !unique.contains(where: { $0 === node }) { unique.append(node) }
  let order = GraphOrder(unique) { $0.storage != nil }
  TraceRecorder.noteReads(in: order)
  let key = GraphKey(order, outputs: unique)
  let plan = PlanCache.shared.plan(for: key) {
    Plan(order, outputs: unique) { node in
      node.operation is Literal && node.hasTelltaleValue ? nil : order.table[node]
    }
  }
  let values = ArgumentValues(plan.arguments.map { .node(order.nodes[$0]) })
  for (node, storage) in zip(unique, plan.run(values.pointers)) { node.attach(storage) }
}

/// The addresses of the values of a plan's arguments; literals get memory for the call.
package struct ArgumentValues {
  enum Source {
    case node(Node)
    case storage(Storage)
  }

  package let pointers: [UnsafeMutableRawPointer]
  private let owners: [Storage]

  init(_ sources: [Source]) {
    let literals = Storage(byteCount: 8 * sources.count)
    var owners = [literals]
    owners.reserveCapacity(sources.count + 1)
    pointers = sources.enumerated().map { index, source in
      switch source {
      case .storage(let storage):
        owners.append(storage)
        return storage.pointer
      case .node(let node):
        if let storage = node.storage {
          owners.append(storage)
          return storage.pointer
        }
        precondition(node.operation is Literal, "an argument without a value")
        let target = literals.pointer + 8 * index
        target.storeBytes(of: node.constantBits, as: UInt64.self)
        return target
      }
    }
    self.owners = owners
  }
}

/// The structure of a graph, exactly: equal keys mean that one plan serves both graphs.
package struct GraphKey: Hashable {
  private var words: [Int]
  private let digest: Int

  /// - Parameter tag: tells apart plans for different purposes.
  init(_ order: GraphOrder, outputs: [Node], tag: Int = 0) {
    words = [tag]
    words.reserveCapacity(order.nodes.count * 8)
    for node in order.nodes { GraphKey.encode(node, order.table, into: &words) }
    words.append(-1)
    for output in outputs { words.append(order.table[output] ?? -1) }
    var digest: UInt64 = 0x9E37_79B9_7F4A_7C15
    for word in words {
      digest = (digest ^ UInt64(bitPattern: Int64(word))) &* 0xD6E8_FEB8_6659_FD93
      digest ^= digest >> 32
    }
    self.digest = Int(truncatingIfNeeded: digest)
  }

  private static func encode(_ node: Node, _ table: NodeTable, into words: inout [Int]) {
    let hasValue = node.storage != nil
    words.append(node.operation.identity)
    words.append(
      Int(node.dtype.rawValue) | (hasValue ? 16 : 0) | (node.shape.rank << 8)
        | (node.inputCount << 16))
    for axis in 0..<node.shape.rank { words.append(node.shape[axis]) }
    if node.operation is Literal {
      if node.hasTelltaleValue { words.append(Int(bitPattern: UInt(node.payload))) }
      return
    }
    node.operation.encodeAttributes(into: &words)
    node.forEachInput { words.append(table[$0] ?? -1) }
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// Plans by graph structure, the most recently used ones.
package final class PlanCache: Sendable {
  package static let shared = PlanCache()
  private static let capacity = 256

  package init() {}

  private struct Entries {
    var plans: [GraphKey: (plan: Plan, lastUse: Int)] = [:]
    var clock = 0
  }
  private let entries = Mutex(Entries())

  package func plan(for key: GraphKey, make: () -> Plan) -> Plan {
    let found = entries.withLock { entries -> Plan? in
      entries.clock += 1
      entries.plans[key]?.lastUse = entries.clock
      return entries.plans[key]?.plan
    }
    if let found { return found }
    let plan = make()
    entries.withLock { entries in
      if entries.plans.count >= PlanCache.capacity { PlanCache.evict(&entries) }
      entries.plans[key] = (plan, entries.clock)
    }
    return plan
  }

  private static func evict(_ entries: inout Entries) {
    let threshold = entries.plans.values.map(\.lastUse).sorted()[capacity / 4]
    entries.plans = entries.plans.filter { $0.value.lastUse > threshold }
  }
}
