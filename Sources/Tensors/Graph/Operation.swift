internal import CTensorKernels

/// What a node computes. One class conforms per operation or family; its derivative stands beside.
///
/// Operations without attributes are singletons. The planner learns how to run an operation from
/// the refinement it conforms to: `ElementwiseOperation`, `ViewOperation`, `ReductionOperation`,
/// `ArrayOperation`, or `SourceOperation`.
protocol Operation: AnyObject, Sendable {
  /// Tells this operation from all others, attributes apart.
  var identity: Int { get }
  /// The name shown in errors.
  var name: String { get }
  /// Appends the attributes; together with the identity they determine what is computed.
  func encodeAttributes(into key: inout [Int])
  /// The cotangents of the inputs, nil where the result does not depend on one differentiably.
  ///
  /// Each must broadcast to the shape of its input, except that an elementwise operation may
  /// return any shape that broadcasts to that of the result; the sweep sums the excess away.
  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?]
  /// The same, told which inputs' cotangents are wanted, for operations that can save work by it.
  func vjp(
    _ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor, wanted: @autoclosure () -> [Bool]
  ) -> [Cotangent?]
  /// The same operation on inputs of which those in `isBatched` carry a new outermost axis of
  /// `size`; the result carries it too.
  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor
}

extension Operation {
  func encodeAttributes(into key: inout [Int]) {}

  /// Identity of the operation without attributes.
  var identity: Int { Int(bitPattern: ObjectIdentifier(type(of: self))) }

  func vjp(
    _ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor, wanted: @autoclosure () -> [Bool]
  ) -> [Cotangent?] {
    vjp(cotangent, inputs, result)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    preconditionFailure(
      "\(name) has no derivative; wrap its result in stopGradient(_:) to treat it as constant")
  }
}

/// Runs element by element, in a fused loop.
protocol ElementwiseOperation: Operation {
  /// The kernel for operands of these dtypes; bit i of `uniform` says operand i is one scalar.
  /// Nil where there is none; the planner then spreads the scalar and asks again.
  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn?
  /// Whether literals among the operands are taken as the result's dtype (else as the first's).
  var scalarFunction: UnsafeRawPointer? { get }
}

extension ElementwiseOperation {
  var scalarFunction: UnsafeRawPointer? { nil }
}

/// Reads its input in another order; costs nothing until somebody consumes it.
protocol ViewOperation: Operation {
  /// The view after this operation, nil when the elements must be laid out anew first.
  func apply(to view: View, shape: Shape) -> View?
}

/// Ends a fused loop: combines elements along some axes.
protocol ReductionOperation: Operation {
  var code: Int32 { get }
  /// The axes reduced, sorted; adjacent to each other.
  var axes: Range<Int> { get }
}

/// Runs by one kernel over whole arrays.
protocol ArrayOperation: Operation {
  /// The instruction, given how its operands lie in memory; nil asks for contiguous ones.
  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  /// The ways in which a result can be computed from parts of its operands along an axis of extent
  /// `rows`; none unless the operation says so.
  func rowRules(_ operands: [View], _ shape: Shape, rows: Int) -> [RowRule]
}

extension ArrayOperation {
  func rowRules(_ operands: [View], _ shape: Shape, rows: Int) -> [RowRule] { [] }
}

/// Has a value from outside the plan, or makes it from nothing.
protocol SourceOperation: Operation {}

extension SourceOperation {
  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    Tensor(original)
  }
}

/// How the elements of a tensor lie in a buffer: strides in elements, zero where broadcast.
struct View: Equatable {
  var shape: Shape
  var strides: [Int]
  var offset: Int

  init(contiguous shape: Shape) {
    self.shape = shape
    strides = shape.rowMajorStrides
    offset = 0
  }

  init(shape: Shape, strides: [Int], offset: Int) {
    self.shape = shape
    self.strides = strides
    self.offset = offset
  }

  /// Row-major without gaps (axes of extent one do not matter).
  var isContiguous: Bool {
    var expected = 1
    for axis in (0..<shape.rank).reversed() where shape[axis] != 1 {
      if strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }

  /// One element read over and over.
  var isUniform: Bool {
    for axis in 0..<shape.rank where shape[axis] != 1 && strides[axis] != 0 { return false }
    return true
  }

  /// The same elements read as a tensor of a shape this one broadcasts to.
  func broadcast(to target: Shape) -> View {
    if target == shape { return self }
    let shift = target.rank - shape.rank
    var result = [Int](repeating: 0, count: target.rank)
    for axis in 0..<shape.rank where shape[axis] != 1 { result[axis + shift] = strides[axis] }
    return View(shape: target, strides: result, offset: offset)
  }
}

/// One kernel call: function, descriptor, and how many elements where the kernel asks.
struct ArrayInstruction {
  var function: ctk_fn
  var descriptor: [UInt8]
  var count: Int = 0
  /// Whether the first operand the kernel gets is a table of the addresses of all of them.
  var takesAddresses = false

  init<Descriptor>(_ function: ctk_fn?, _ descriptor: Descriptor, count: Int = 0, for name: String)
  {
    guard let function else {
      preconditionFailure("\(name) does not exist for this dtype")
    }
    self.function = function
    self.descriptor = withUnsafeBytes(of: descriptor) { [UInt8]($0) }
    self.count = count
  }
}
