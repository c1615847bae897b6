extension Tensor {
  /// The value of a tensor of one element.
  public func scalar() -> Double {
    precondition(count == 1, "scalar: a tensor of shape \(shape) has \(count) elements")
    return array()[0]
  }

  /// The elements, row-major, as doubles (masks as 0 and 1).
  public func array() -> [Double] {
    let storage = evaluated()
    switch dtype {
    case .float64: return storage.array(of: Double.self, count: count)
    case .float32: return storage.array(of: Float.self, count: count).map(Double.init)
    case .int64: return storage.array(of: Int64.self, count: count).map(Double.init)
    case .bool: return storage.array(of: UInt8.self, count: count).map(Double.init)
    }
  }

  /// The elements, row-major, as floats.
  public func floatArray() -> [Float] {
    dtype == .float32
      ? evaluated().array(of: Float.self, count: count) : array().map(Float.init)
  }

  /// The elements, row-major, as integers; the tensor must be of dtype int64.
  public func intArray() -> [Int] {
    precondition(dtype == .int64, "intArray: the tensor is of dtype \(dtype); cast it first")
    return evaluated().array(of: Int64.self, count: count).map(Int.init)
  }

  /// The elements of a mask, row-major.
  public func boolArray() -> [Bool] {
    precondition(dtype == .bool, "boolArray: the tensor is of dtype \(dtype)")
    return evaluated().array(of: UInt8.self, count: count).map { $0 != 0 }
  }

  /// The rows of a matrix.
  public func rows() -> [[Double]] {
    precondition(rank == 2, "rows: expected a matrix, got the shape \(shape)")
    let elements = array()
    let width = shape[1]
    return (0..<shape[0]).map { Array(elements[$0 * width..<($0 + 1) * width]) }
  }

  /// The memory that holds the value, computed if need be.
  package func evaluated() -> Storage {
    if let storage = node.storage, !(node.operation is TracedArgument) { return storage }
    eval(self)
    guard let storage = node.storage else { preconditionFailure("no value after evaluation") }
    return storage
  }

  /// Where the value lies, for as long as the tensor lives. A literal that has no memory is written
  /// to eight bytes at `place`.
  func address(literalAt place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    if let address = node.address, !(node.operation is TracedArgument) { return address }
    guard node.operation is Literal else { return evaluated().pointer }
    place.storeBytes(of: node.constantBits, as: UInt64.self)
    return place
  }

  /// The value as a new tensor without history.
  public func detached() -> Tensor {
    Tensor(storage: evaluated(), shape: shape, dtype: dtype)
  }
}
