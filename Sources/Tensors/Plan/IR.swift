internal import CTensorKernels

/// Where an item's input lies: another item's elements through a view of the input's shape.
struct Operand {
  var item: Int
  var view: View
}

/// One computation of a plan. Views are resolved into operands; duplicates are merged.
struct Item {
  enum Kind {
    /// An external value: argument number.
    case input(Int)
    /// A scalar known when the plan is built: its bits in the item's dtype.
    case constant(UInt64)
    case elementwise(any ElementwiseOperation)
    case random(RandomOperation)
    case draw(RandomDraw)
    case reduce(any ReductionOperation)
    /// A matrix of many rows times a vector, row by row.
    case rowDots(RowProduct)
    /// The transpose of a matrix of many rows times a vector: rows summed with weights.
    case rowCombine(RowProduct)
    case array(any ArrayOperation)
    case concat(axis: Int)
    case place(PlaceOperation)
  }

  var kind: Kind
  var operands: [Operand]
  var shape: Shape
  var dtype: DType
  /// The part of the rows it computes, where the plan runs in parts.
  var part: Int?

  var count: Int { shape.elementCount }
  var byteCount: Int { count * dtype.byteCount }

  /// Whether it runs inside a fused loop and can hand its elements to others there.
  var isFusible: Bool {
    switch kind {
    case .elementwise, .random, .draw, .rowDots: true
    default: false
    }
  }
}

/// The computations that some outputs need, in an order in which they can run.
struct IR {
  var items: [Item] = []
  /// The item that holds each output, contiguous, computed by this plan, and no other output's.
  var outputs: [Int] = []
  /// The caller's number of each argument.
  private(set) var arguments: [Int] = []
  private var places: [Operand] = []
  private var known: [[Int]: Int] = [:]

  init(_ order: GraphOrder, outputs nodes: [Node], argument: (Node) -> Int?) {
    places.reserveCapacity(order.nodes.count)
    for node in order.nodes { places.append(add(node, order.table, argument)) }
    var taken: Set<Int> = []
    for node in nodes {
      guard let position = order.table[node] else { preconditionFailure("output not in graph") }
      outputs.append(own(places[position], node, &taken))
    }
  }

  private mutating func own(_ place: Operand, _ node: Node, _ taken: inout Set<Int>) -> Int {
    let computed: Bool =
      switch items[place.item].kind {
      case .input, .constant: false
      default: true
      }
    let isWhole = place.view.isContiguous && items[place.item].count == node.shape.elementCount
    if computed && isWhole && taken.insert(place.item).inserted { return place.item }
    items.append(
      Item(
        kind: .elementwise(CopyOperation.shared), operands: [place], shape: node.shape,
        dtype: node.dtype))
    taken.insert(items.count - 1)
    return items.count - 1
  }

  private mutating func add(_ node: Node, _ table: NodeTable, _ argument: (Node) -> Int?)
    -> Operand
  {
    if node.operation is any SourceOperation || node.hasValue {
      if let number = argument(node) {
        let item = self.argument(node, number)
        return whole(item)
      }
      precondition(node.operation is Literal, "a \(node.operation.name) value without a binding")
      let item = constant(node.constantBits, node.dtype)
      return whole(item)
    }
    let operands = node.inputs.map { input -> Operand in
      guard let index = table[input] else { preconditionFailure("input not in graph") }
      return places[index]
    }
    switch node.operation {
    case let view as any ViewOperation:
      if let result = view.apply(to: operands[0].view, shape: node.shape) {
        return Operand(item: operands[0].item, view: result)
      }
      let laidOut = copy(operands[0], node.inputs[0].shape)
      guard let result = view.apply(to: laidOut.view, shape: node.shape) else {
        preconditionFailure("\(view.name) of a contiguous array")
      }
      return Operand(item: laidOut.item, view: result)
    case let operation as any ElementwiseOperation:
      return elementwise(operation, operands, node)
    case let operation as RandomOperation:
      return merged(.random(operation), operation, [contiguous(operands[0])], node)
    case let operation as RandomDraw:
      return merged(
        .draw(operation), operation, [contiguous(operands[0])] + operands.dropFirst(), node)
    case let operation as any ReductionOperation:
      return merged(.reduce(operation), operation, operands, node)
    case let operation as any ArrayOperation:
      return array(operation, operands, node)
    case let operation as ConcatOperation:
      return merged(.concat(axis: operation.axis), operation, operands, node)
    case let operation as PlaceOperation:
      return merged(.place(operation), operation, operands.map { contiguous($0) }, node)
    default:
      preconditionFailure("\(node.operation.name) cannot be planned")
    }
  }

  private func whole(_ item: Int) -> Operand {
    Operand(item: item, view: View(contiguous: items[item].shape))
  }

  private mutating func argument(_ node: Node, _ number: Int) -> Int {
    arguments.append(number)
    return append(
      Item(kind: .input(arguments.count - 1), operands: [], shape: node.shape, dtype: node.dtype))
  }

  private mutating func constant(_ bits: UInt64, _ dtype: DType) -> Int {
    let key = [Int.min, Int(bitPattern: UInt(bits)), Int(dtype.rawValue)]
    if let item = known[key] { return item }
    let item = append(Item(kind: .constant(bits), operands: [], shape: [], dtype: dtype))
    known[key] = item
    return item
  }

  private mutating func append(_ item: Item) -> Int {
    items.append(item)
    return items.count - 1
  }

  /// The item for a computation, shared with an earlier identical one.
  private mutating func merged(
    _ kind: Item.Kind, _ operation: any Operation, _ operands: [Operand], _ node: Node
  ) -> Operand {
    var key = [operation.identity, Int(node.dtype.rawValue), node.shape.rank] + Array(node.shape)
    operation.encodeAttributes(into: &key)
    for operand in operands {
      key += [operand.item, operand.view.offset, operand.view.shape.rank]
      key += operand.view.shape
      key += operand.view.strides
    }
    if let item = known[key] { return whole(item) }
    let item = append(
      Item(kind: kind, operands: operands, shape: node.shape, dtype: node.dtype))
    known[key] = item
    return whole(item)
  }

  private mutating func copy(_ operand: Operand, _ shape: Shape) -> Operand {
    var key = [CopyOperation.shared.identity, operand.item, operand.view.offset, shape.rank]
    key += shape
    key += operand.view.strides
    if let item = known[key] { return whole(item) }
    let item = append(
      Item(
        kind: .elementwise(CopyOperation.shared), operands: [operand], shape: shape,
        dtype: items[operand.item].dtype))
    known[key] = item
    return whole(item)
  }

  private mutating func contiguous(_ operand: Operand) -> Operand {
    let isConstant = if case .constant = items[operand.item].kind { true } else { false }
    return operand.view.isContiguous && !isConstant
      ? operand : copy(operand, operand.view.shape)
  }

  private mutating func array(
    _ operation: any ArrayOperation, _ operands: [Operand], _ node: Node
  ) -> Operand {
    // Constants have no memory of their own that a kernel could walk.
    var operands = operands.map { operand -> Operand in
      if case .constant = items[operand.item].kind { return copy(operand, operand.view.shape) }
      return operand
    }
    if let product = operation as? MatMulOperation,
      let kind = RowProduct.kind(operands.map(\.view), node.dtype, product.zeros)
    {
      return merged(kind, operation, operands, node)
    }
    let dtypes = operands.map { items[$0.item].dtype }
    let isAccepted =
      operation.instruction(operands.map(\.view), dtypes, node.shape, node.dtype) != nil
    if !isAccepted { operands = operands.map { contiguous($0) } }
    return merged(.array(operation), operation, operands, node)
  }

  private mutating func elementwise(
    _ operation: any ElementwiseOperation, _ operands: [Operand], _ node: Node
  ) -> Operand {
    if let folded = foldConstants(operation, operands, node) { return whole(folded) }
    if let simpler = simplified(operation, operands, node) { return simpler }
    return merged(.elementwise(operation), operation, operands, node)
  }

  /// Runs the kernel now when all operands are constants.
  private mutating func foldConstants(
    _ operation: any ElementwiseOperation, _ operands: [Operand], _ node: Node
  ) -> Int? {
    guard node.shape.elementCount == 1, node.shape.rank == 0 else { return nil }
    var values: [UInt64] = []
    for operand in operands {
      guard case .constant(let bits) = items[operand.item].kind else { return nil }
      values.append(bits)
    }
    let dtypes = operands.map { items[$0.item].dtype }
    guard let kernel = operation.kernel(dtypes, node.dtype, uniform: 0) else { return nil }
    var result: UInt64 = 0
    values += [0, 0, 0]
    values.withUnsafeBytes { source in
      withUnsafeMutableBytes(of: &result) { target in
        var instruction = ctk_instr()
        instruction.n = 1
        instruction.d = target.baseAddress?.assumingMemoryBound(to: CChar.self)
        let base = source.baseAddress?.assumingMemoryBound(to: CChar.self)
        instruction.a = base
        instruction.b = base.map { $0 + 8 }
        instruction.c = base.map { $0 + 16 }
        instruction.x = operation.scalarFunction
        kernel(&instruction)
      }
    }
    return constant(result, node.dtype)
  }

  /// Products with one, which the reverse sweep starts from.
  private func simplified(
    _ operation: any ElementwiseOperation, _ operands: [Operand], _ node: Node
  ) -> Operand? {
    guard operation === BinaryOperation.mul || operation === BinaryOperation.div else { return nil }
    func isOne(_ operand: Operand) -> Bool {
      guard case .constant(let bits) = items[operand.item].kind else { return false }
      return bits == Tensor(1, dtype: items[operand.item].dtype).node.constantBits
    }
    if operands[1].view.shape.broadcasts(to: operands[0].view.shape), isOne(operands[1]) {
      return Operand(item: operands[0].item, view: operands[0].view.broadcast(to: node.shape))
    }
    if operation === BinaryOperation.mul, isOne(operands[0]),
      operands[0].view.shape.broadcasts(to: operands[1].view.shape)
    {
      return Operand(item: operands[1].item, view: operands[1].view.broadcast(to: node.shape))
    }
    return nil
  }
}

extension Node {
  /// A literal's bits as they lie in memory.
  var constantBits: UInt64 {
    guard dtype == .float32 else { return payload }
    return UInt64(Float(Double(bitPattern: payload)).bitPattern)
  }

  /// Whether a literal is one of the few numbers whose value shapes a plan (0, 1, 2, ½, …). Other
  /// literals may be, say, a schedule's step size, and must not force a new plan for every value.
  var hasTelltaleValue: Bool {
    guard dtype.isFloat else { return dtype == .bool }
    let value = Double(bitPattern: payload)
    return value.magnitude == 0.5 || (value.magnitude <= 16 && value == value.rounded())
  }
}

/// Elements laid out anew, in row-major order.
final class CopyOperation: ElementwiseOperation {
  static let shared = CopyOperation()
  let name = "copy"
  let identity = -4004

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_copy(result.kernelCode) : ctk_fill(result.kernelCode)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0]
  }
}
