internal import CTensorKernels

/// The computation a loop repeats: outputs as functions of numbered placeholders. Parameters come
/// first; tensors from outside that the computation uses, its captures, have placeholders too.
final class LoopBody: Sendable {
  let parameters: [Tensor]
  let outputs: [Tensor]
  /// What is computed, exactly.
  let key: GraphKey
  /// The outputs with the values of captured literals that shape a plan, such as 0 and 1, in place.
  private let planned: [Tensor]

  private init(_ parameters: [Tensor], _ outputs: [Tensor], _ captures: ArraySlice<Tensor>) {
    self.parameters = parameters
    self.outputs = outputs
    planned = substitute(
      outputs,
      zip(parameters.suffix(captures.count), captures).filter { capture in
        capture.1.node.operation is Literal && capture.1.node.hasTelltaleValue
      })
    key = GraphKey(GraphOrder(planned.map(\.node)), outputs: planned.map(\.node))
  }

  /// A body with what belongs to it.
  struct Closed {
    let body: LoopBody
    /// The tensors from outside, for the placeholders after the parameters.
    let captures: [Tensor]
    /// Which of the parameters given are used; the others have been dropped, from `droppable` on.
    let isUsed: [Bool]
  }

  /// Finds what `outputs` use besides `parameters`: everything that does not depend on these is
  /// computed once, outside the loop. Unused parameters are dropped from number `droppable` on.
  static func close(
    _ parameters: [Tensor], _ outputs: [Tensor], droppable: Int
  ) -> Closed {
    let isParameter = Set(parameters.map { ObjectIdentifier($0.node) })
    let first = Node.firstEpoch(of: parameters.map(\.node))
    let order = GraphOrder(outputs.map(\.node), since: first) {
      $0.hasValue || isParameter.contains(ObjectIdentifier($0))
    }
    var captures: [Tensor] = []
    var isCaptured = NodeTable()
    var depends = [Bool](repeating: false, count: order.nodes.count)
    func capture(_ node: Node) {
      if isCaptured.insert(node) { captures.append(Tensor(node)) }
    }
    for (position, node) in order.nodes.enumerated() {
      if isParameter.contains(ObjectIdentifier(node)) {
        depends[position] = true
        continue
      }
      guard node.epoch >= first, !node.hasValue else { continue }
      node.forEachInput { depends[position] = depends[position] || depends[order.table[$0] ?? 0] }
      guard depends[position] else { continue }
      node.forEachInput { if let input = order.table[$0], !depends[input] { capture($0) } }
    }
    for output in outputs {
      if let position = order.table[output.node], !depends[position] { capture(output.node) }
    }
    let isUsed = parameters.enumerated().map { index, parameter in
      index < droppable || order.table[parameter.node] != nil
    }
    let kept = zip(parameters, isUsed).filter(\.1).map(\.0) + captures
    let numbered = kept.enumerated().map { number, tensor in
      Tensor(placeholder: tensor.shape, tensor.dtype, number: number)
    }
    let body = LoopBody(numbered, substitute(outputs, Array(zip(kept, numbered))), captures[...])
    return Closed(body: body, captures: captures, isUsed: isUsed)
  }

  /// The plan of the outputs; its arguments are the numbers of placeholders.
  func plan() -> Plan {
    PlanCache.shared.plan(for: key) {
      let nodes = planned.map(\.node)
      return Plan(GraphOrder(nodes), outputs: nodes) { ($0.operation as? Placeholder)?.number }
    }
  }
}

/// How the results of a loop are packed into one vector.
///
/// Integers and masks are kept as the bits of int64, in front; floats follow, all of one dtype.
struct LoopLayout: Sendable {
  struct Segment: Sendable {
    let shape: Shape
    let rows: Int
    let dtype: DType
    /// In elements of the packed vector.
    fileprivate(set) var offset = 0
    fileprivate(set) var count = 0

    init(_ shape: Shape, rows: Int, _ dtype: DType) {
      self.shape = shape
      self.rows = rows
      self.dtype = dtype
    }

    var rowBytes: Int { shape.elementCount * dtype.byteCount }
    var whole: Shape { [rows] + shape }
  }

  let dtype: DType
  private(set) var segments: [Segment]
  private(set) var count = 0

  init(_ segments: [Segment], _ dtype: DType) {
    self.dtype = dtype
    self.segments = segments
    for isFloat in [false, true] {
      for index in segments.indices where segments[index].dtype.isFloat == isFloat {
        let count = segments[index].rows * segments[index].rowBytes / dtype.byteCount
        self.segments[index].offset = self.count
        self.segments[index].count = count
        self.count += count
      }
    }
  }

  /// The dtype of the vector that holds results of the given dtypes.
  static func packedDType(_ dtypes: [DType]) -> DType {
    dtypes.contains(.float64) ? .float64 : dtypes.contains(.float32) ? .float32 : .int64
  }

  /// The dtype in which results of a dtype are kept.
  func stored(_ dtype: DType) -> DType { dtype.isFloat ? self.dtype : .int64 }

  /// One segment of a packed vector, rows × shape.
  func segment(_ index: Int, of packed: Tensor) -> Tensor {
    let segment = segments[index]
    let part = packed.sliced(along: -1, start: segment.offset, count: segment.count)
    let typed = segment.dtype == packed.dtype ? part : part.reinterpreted(as: segment.dtype)
    return typed.reshaped(to: segment.whole)
  }

  /// Packs segments that have a new outermost axis of `size` before their rows.
  func packed(_ parts: [Tensor], size: Int) -> Tensor {
    let order = segments.indices.sorted { segments[$0].offset < segments[$1].offset }
    let flat = order.map { index -> Tensor in
      let rows = parts[index].reshaped(to: [size, segments[index].whole.elementCount])
      return rows.dtype == dtype ? rows : rows.reinterpreted(as: dtype)
    }
    return concat(flat.filter { $0.count > 0 }, along: 1)
  }
}

/// The same bytes taken as elements of another dtype, along the last axis.
final class ReinterpretOperation: ArrayOperation {
  static let shared = ReinterpretOperation()
  let name = "reinterpret"

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    return ArrayInstruction(
      ctk_copy(DType.bool.kernelCode), Int64(0), count: shape.elementCount * dtype.byteCount,
      for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [nil] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].reinterpreted(as: original.dtype)
  }
}

extension Tensor {
  /// The same numbers as another dtype, by a node of their own also for a literal, so that
  /// derivatives reach it.
  func converted(to dtype: DType) -> Tensor {
    if self.dtype == dtype { return self }
    return Tensor(Node(CastOperation.shared, node, shape: shape, dtype: dtype))
  }

  fileprivate func reinterpreted(as dtype: DType) -> Tensor {
    var result = shape
    result[rank - 1] = shape[rank - 1] * self.dtype.byteCount / dtype.byteCount
    return Tensor(Node(ReinterpretOperation.shared, node, shape: result, dtype: dtype))
  }
}

/// The memory of a loop as an instruction finds it: where results go, and where each input is.
struct LoopMemory {
  let target: UnsafeMutableRawPointer
  let inputs: UnsafePointer<UnsafeMutableRawPointer>

  /// Nil for an instruction without memory, which the planner never makes.
  init?(_ instruction: ctk_instr) {
    guard let target = instruction.d, let table = instruction.a else { return nil }
    self.target = UnsafeMutableRawPointer(target)
    inputs = UnsafeRawPointer(table).assumingMemoryBound(to: UnsafeMutableRawPointer.self)
  }
}
