/// An immutable array of numbers, computed when it is read.
///
/// Operations on tensors build an expression graph; reading a value (`scalar()`, `array()`,
/// `eval(_:)`, printing) plans and runs what the value needs. Shapes follow NumPy's broadcasting.
/// A literal has no dtype of its own: it takes the other operand's.
public struct Tensor: Sendable {
  package let node: Node

  package init(_ node: Node) { self.node = node }

  public var shape: Shape { node.shape }
  public var dtype: DType { node.dtype }
  /// The number of axes.
  public var rank: Int { node.shape.rank }
  /// The number of elements.
  public var count: Int { node.shape.elementCount }

  // MARK: From Swift values

  /// A scalar of the given dtype.
  public init(_ value: Double, dtype: DType = .float64) {
    self.init(literal: value, dtype: dtype, isWeak: false)
  }

  /// A vector of the elements, or an array of them of the given shape.
  public init(_ elements: [Double], shape: Shape? = nil, dtype: DType = .float64) {
    let shape = shape ?? [elements.count]
    Tensor.requireCount(elements.count, shape)
    switch dtype {
    case .float64: self.init(storage: Storage(elements), shape: shape, dtype: dtype)
    case .float32:
      self.init(storage: Storage(elements, Float.init), shape: shape, dtype: dtype)
    case .int64:
      self.init(storage: Storage(elements, Tensor.whole), shape: shape, dtype: dtype)
    case .bool:
      self.init(
        storage: Storage(elements) { $0 == 0 ? UInt8(0) : 1 }, shape: shape, dtype: dtype)
    }
  }

  /// A float32 vector of the elements, or an array of them of the given shape.
  @_disfavoredOverload
  public init(_ elements: [Float], shape: Shape? = nil) {
    let shape = shape ?? [elements.count]
    Tensor.requireCount(elements.count, shape)
    self.init(storage: Storage(elements), shape: shape, dtype: .float32)
  }

  /// An int64 vector of the elements, or an array of them of the given shape.
  public init(_ elements: [Int], shape: Shape? = nil) {
    let shape = shape ?? [elements.count]
    Tensor.requireCount(elements.count, shape)
    self.init(storage: Storage(elements, Int64.init), shape: shape, dtype: .int64)
  }

  /// A mask of the elements, or an array of them of the given shape.
  public init(_ elements: [Bool], shape: Shape? = nil) {
    let shape = shape ?? [elements.count]
    Tensor.requireCount(elements.count, shape)
    self.init(
      storage: Storage(elements) { $0 ? UInt8(1) : 0 }, shape: shape, dtype: .bool)
  }

  /// A matrix from its rows, which must have equal lengths.
  public init(_ rows: [[Double]], dtype: DType = .float64) {
    let width = rows.first?.count ?? 0
    precondition(
      rows.allSatisfy { $0.count == width },
      "a matrix needs rows of one length, got \(rows.map(\.count))")
    self.init(rows.flatMap { $0 }, shape: [rows.count, width], dtype: dtype)
  }

  /// A float32 matrix from its rows, which must have equal lengths.
  @_disfavoredOverload
  public init(_ rows: [[Float]]) {
    let width = rows.first?.count ?? 0
    precondition(
      rows.allSatisfy { $0.count == width },
      "a matrix needs rows of one length, got \(rows.map(\.count))")
    self.init(rows.flatMap { $0 }, shape: [rows.count, width])
  }

  /// An int64 scalar.
  public init(_ value: Int) {
    self.init(
      Node(
        Literal.shared, shape: [], dtype: .int64, payload: UInt64(bitPattern: Int64(value))))
  }

  /// A mask of one element.
  public init(_ value: Bool) {
    self.init(Node(Literal.shared, shape: [], dtype: .bool, payload: value ? 1 : 0))
  }

  /// A tensor all of whose elements are `value`.
  public static func full(_ shape: Shape, _ value: Double, dtype: DType = .float64) -> Tensor {
    Tensor(value, dtype: dtype).broadcast(to: shape)
  }

  public static func zeros(_ shape: Shape, dtype: DType = .float64) -> Tensor {
    full(shape, 0, dtype: dtype)
  }

  public static func ones(_ shape: Shape, dtype: DType = .float64) -> Tensor {
    full(shape, 1, dtype: dtype)
  }

  /// The int64 vector 0, 1, …, count − 1.
  public static func arange(_ count: Int) -> Tensor { Tensor(Array(0..<count)) }

  /// `count` equally spaced numbers from `start` to `end`, both included.
  public static func linspace(
    _ start: Double, _ end: Double, count: Int, dtype: DType = .float64
  ) -> Tensor {
    precondition(count > 0, "linspace: a count of \(count)")
    let step = count > 1 ? (end - start) / Double(count - 1) : 0
    var values = (0..<count).map { start + Double($0) * step }
    if count > 1 { values[count - 1] = end }
    return Tensor(values, dtype: dtype)
  }

  /// The identity matrix of `size` rows.
  public static func eye(_ size: Int, dtype: DType = .float64) -> Tensor {
    var values = [Double](repeating: 0, count: size * size)
    for row in 0..<size { values[row * size + row] = 1 }
    return Tensor(values, shape: [size, size], dtype: dtype)
  }

  package init(storage: Storage, shape: Shape, dtype: DType, isWeak: Bool = false) {
    let node = Node(Stored.shared, shape: shape, dtype: dtype, isWeak: isWeak)
    node.attach(storage)
    self.init(node)
  }

  init(literal value: Double, dtype: DType, isWeak: Bool) {
    let payload: UInt64 =
      switch dtype {
      case .float64: value.bitPattern
      case .float32: Double(Float(value)).bitPattern
      case .int64: UInt64(bitPattern: Int64(value))
      case .bool: value == 0 ? 0 : 1
      }
    self.init(
      Node(Literal.shared, shape: [], dtype: dtype, isWeak: isWeak, payload: payload))
  }

  private static func whole(_ element: Double) -> Int64 {
    guard let whole = Int64(exactly: element) else {
      preconditionFailure("an int64 tensor with the element \(element); round it first")
    }
    return whole
  }

  private static func requireCount(_ count: Int, _ shape: Shape) {
    precondition(
      count == shape.elementCount,
      "a tensor of shape \(shape) has \(shape.elementCount) elements, got \(count)")
  }
}

// MARK: Literals

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral
{
  public init(floatLiteral value: Double) {
    self.init(literal: value, dtype: .float64, isWeak: true)
  }

  public init(integerLiteral value: Int) {
    self.init(literal: Double(value), dtype: .float64, isWeak: true)
  }

  /// A vector of numbers, or a stack of tensors of one shape: `[[1, 2], [3, 4]]`.
  public init(arrayLiteral elements: Tensor...) {
    let values = elements.compactMap(\.weakElements)
    guard values.count == elements.count, let shape = elements.first?.shape,
      elements.allSatisfy({ $0.shape == shape })
    else {
      self = elements.isEmpty ? Tensor([Double]()) : stack(elements)
      return
    }
    self.init(
      storage: Storage(values.flatMap { $0 }), shape: [elements.count] + shape, dtype: .float64,
      isWeak: true)
  }

  /// The elements of a literal, if this is one.
  private var weakElements: [Double]? {
    guard node.isWeak, node.dtype == .float64 else { return nil }
    if let storage = node.storage { return storage.array(of: Double.self, count: count) }
    return node.operation is Literal ? [Double(bitPattern: node.payload)] : nil
  }
}

/// A scalar known when the graph is built; its value is the node's payload.
final class Literal: SourceOperation {
  static let shared = Literal()
  let name = "literal"
}

/// A value that came from outside.
final class Stored: SourceOperation {
  static let shared = Stored()
  let name = "stored"
}

extension Tensor {
  /// Whether this is a literal, without a dtype of its own.
  package var isLiteral: Bool { node.isWeak }

  /// Whether the elements came from outside: a literal, or data.
  package var isGiven: Bool { node.operation is Literal || node.operation is Stored }

  /// The first element of given data for which a predicate holds, with its row-major index.
  package func firstGivenElement(
    where predicate: (Double) -> Bool
  ) -> (index: Int, value: Double)? {
    guard node.operation is Stored, let storage = node.storage else { return nil }
    func search<Element>(_ type: Element.Type, _ number: (Element) -> Double) -> (Int, Double)? {
      let elements = storage.pointer.assumingMemoryBound(to: type)
      for index in 0..<count where predicate(number(elements[index])) {
        return (index, number(elements[index]))
      }
      return nil
    }
    return withExtendedLifetime(storage) {
      switch dtype {
      case .float64: search(Double.self) { $0 }
      case .float32: search(Float.self) { Double($0) }
      case .int64: search(Int64.self) { Double($0) }
      case .bool: search(UInt8.self) { Double($0) }
      }
    }
  }

  /// Whether two tensors are one and the same node.
  package func isSame(as other: Tensor) -> Bool { node === other.node }

  /// The value of a scalar literal.
  package var literalScalar: Double? { node.operation is Literal ? literalValue : nil }
}
