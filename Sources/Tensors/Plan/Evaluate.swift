/// Computes the values of tensors together, sharing what they have in common.
///
/// Reading a tensor evaluates it; `eval` does so for several at once and in one pass.
public func eval(_ tensors: Tensor...) { eval(tensors) }

public func eval(_ tensors: [Tensor]) {
  TraceRecorder.noteReads(of: tensors)
  let pending = tensors.map(\.node).filter { !$0.hasValue }
  guard !pending.isEmpty else { return }
  var unique: [Node] = []
  for node in pending where !unique.contains(where: { $0 === node }) { unique.append(node) }
  let order = GraphOrder(unique) { $0.hasValue }
  TraceRecorder.noteReads(in: order)
  let key = GraphKey(order, outputs: unique)
  let plan = PlanCache.shared.plan(for: key) {
    Plan(order, outputs: unique) { node in
      node.operation is Literal && node.hasTelltaleValue ? nil : order.table[node]
    }
  }
  let values = ArgumentValues(plan.arguments.map { .node(order.nodes[$0]) })
  for (node, storage) in zip(unique, plan.run(values)) { node.attach(storage) }
}

/// The addresses of the values of a plan's arguments; literals get memory for the call. The
/// addresses are good while this lives.
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
        precondition(
          node.operation is Literal, "\(node.operation.name): read before it has a value")
        let target = literals.pointer + 8 * index
        target.storeBytes(of: node.constantBits, as: UInt64.self)
        return target
      }
    }
    self.owners = owners
  }
}
