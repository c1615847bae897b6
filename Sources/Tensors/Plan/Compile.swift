/// What can go wrong when a function is compiled.
public enum CompileError: Error, CustomStringConvertible {
  /// The function read a value that depends on its arguments, so its graph need not be the same
  /// for other arguments.
  case readsValue(String)

  public var description: String {
    switch self {
    case .readsValue(let what):
      """
      the function reads a value that depends on its arguments (\(what)), so one plan cannot \
      serve all arguments; express the choice with `where`, or do not compile
      """
    }
  }
}

/// A function of tensors whose graph was planned once and is replayed from then on.
///
/// Calling it with arguments of the shapes and dtypes it was compiled for runs the plan: no node
/// is made and no plan looked up. Tensors that the function captured are constants.
public struct CompiledFunction: Sendable {
  private let plan: Plan
  private let argumentShapes: [(shape: Shape, dtype: DType)]
  /// For each argument of the plan: the number of a function argument, or a captured value.
  private let sources: [Source]

  /// Values kept alive for their addresses among the sources.
  private let captured: [Storage]

  /// `@unchecked Sendable`: what lies at the address is never written.
  private enum Source: @unchecked Sendable {
    case argument(Int)
    case captured(UnsafeMutableRawPointer)
  }

  /// Traces `function` on the given arguments.
  ///
  /// - Throws: `CompileError.readsValue` if it reads a value that depends on its arguments.
  public init(for arguments: [Tensor], _ function: ([Tensor]) throws -> [Tensor]) throws {
    let recorder = TraceRecorder()
    let operation = TracedArgument(recorder)
    let traced = arguments.map { argument -> Node in
      let node = Node(operation, shape: argument.shape, dtype: argument.dtype)
      node.attach(argument.evaluated())
      return node
    }
    let outputs = try function(traced.map(Tensor.init)).map(\.node)
    if let read = recorder.descriptions.first { throw CompileError.readsValue(read) }
    eval(TracedGraph.invariants(outputs, traced))
    let order = GraphOrder(outputs) { $0.hasValue }
    plan = Plan(order, outputs: outputs) { node in
      node.operation is Literal ? nil : order.table[node]
    }
    argumentShapes = arguments.map { ($0.shape, $0.dtype) }
    var captured: [Storage] = []
    sources = plan.arguments.map { position in
      let node = order.nodes[position]
      if let index = traced.firstIndex(where: { $0 === node }) { return .argument(index) }
      captured.append(Tensor(node).evaluated())
      return .captured(captured[captured.count - 1].pointer)
    }
    self.captured = captured
  }

  /// The results for other arguments of the same shapes and dtypes.
  public func callAsFunction(_ arguments: [Tensor]) -> [Tensor] {
    requireFit(arguments)
    let (inputs, outputs) = (sources.count, plan.outputShapes)
    // An argument keeps its value alive.
    return withExtendedLifetime(arguments) {
      withUnsafeTemporaryAllocation(
        of: UnsafeMutableRawPointer.self, capacity: 2 * inputs + outputs.count
      ) { memory in
        guard let values = memory.baseAddress else { return [] }
        let places = values + inputs
        let literals = UnsafeMutableRawPointer(places + outputs.count)
        for index in sources.indices {
          let address =
            switch sources[index] {
            case .argument(let number): arguments[number].address(literalAt: literals + 8 * index)
            case .captured(let address): address
            }
          (values + index).initialize(to: address)
        }
        let results = outputs.indices.map { index in
          let (shape, dtype) = outputs[index]
          let storage = Storage(byteCount: shape.elementCount * dtype.byteCount)
          (places + index).initialize(to: storage.pointer)
          return Tensor(storage: storage, shape: shape, dtype: dtype)
        }
        plan.run(values, into: places)
        return results
      }
    }
  }

  private func requireFit(_ arguments: [Tensor]) {
    precondition(
      arguments.count == argumentShapes.count,
      "a compiled function of \(argumentShapes.count) arguments got \(arguments.count)")
    for index in arguments.indices {
      let expected = argumentShapes[index]
      precondition(
        arguments[index].shape == expected.shape && arguments[index].dtype == expected.dtype,
        """
        argument \(index) of a compiled function: expected \(expected.dtype) \(expected.shape), \
        got \(arguments[index].dtype) \(arguments[index].shape)
        """)
    }
  }
}

/// Plans `function` once for arguments like these; the result replays the plan.
///
/// - Throws: `CompileError.readsValue` if the function reads a value that depends on its arguments.
public func compile(
  for arguments: [Tensor], _ function: ([Tensor]) throws -> [Tensor]
) throws -> CompiledFunction {
  try CompiledFunction(for: arguments, function)
}
