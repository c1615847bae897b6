/// Notes reads of values that depend on the arguments of a function being traced.
package final class TraceRecorder: Sendable {
  private struct Reads {
    var descriptions: [String] = []
    /// What was computed for them: the nodes themselves, whose addresses others would get after them.
    var nodes: [ObjectIdentifier: Node] = [:]
  }

  private let reads = Locked(Reads())

  package init() {}

  /// The tensors read so far, described.
  package var descriptions: [String] { reads.withLock { $0.descriptions } }

  /// Whether a tensor was read, or something computed from it.
  package func hasRead(_ tensor: Tensor) -> Bool {
    reads.withLock { $0.nodes[ObjectIdentifier(tensor.node)] != nil }
  }

  /// Records a read of a traced argument itself.
  static func noteReads(of tensors: [Tensor]) {
    for tensor in tensors {
      guard let traced = tensor.node.operation as? TracedArgument else { continue }
      traced.recorder?.reads.withLock {
        $0.descriptions.append("an argument of shape \(tensor.shape)")
      }
    }
  }

  /// Records a read of anything that depends on a traced argument.
  static func noteReads(in order: GraphOrder) {
    for node in order.nodes {
      guard let traced = node.operation as? TracedArgument else { continue }
      let what = order.nodes.last.map { "\($0.operation.name) of shape \($0.shape)" } ?? "a tensor"
      traced.recorder?.reads.withLock {
        $0.descriptions.append(what)
        for node in order.nodes { $0.nodes[ObjectIdentifier(node)] = node }
      }
    }
  }
}

/// An argument of a function being traced: it has a value, and reading what depends on it is noted.
final class TracedArgument: SourceOperation {
  let name = "argument"
  /// Not kept: it has nodes that depend on this. After the trace nobody asks for reads.
  ///
  /// `nonisolated(unsafe)`: set when it is made, and never again.
  nonisolated(unsafe) private(set) weak var recorder: TraceRecorder?

  init(_ recorder: TraceRecorder) { self.recorder = recorder }
}
