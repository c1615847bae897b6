/// The extents of a tensor, outermost first; at most eight axes.
///
/// Stored inline (no heap), because a shape is part of every graph node. The shape of a scalar is
/// `[]`. An axis argument anywhere in the library may be negative and then counts from the end.
public struct Shape: Sendable, Hashable, RandomAccessCollection, ExpressibleByArrayLiteral {
  /// The largest number of axes.
  public static let maximumRank = 8

  /// Eight Int32. Not vectors, which would align every node to sixteen bytes: Swift gets such memory
  /// by way of `posix_memalign`, which takes ten times as long as `malloc`.
  private struct Extents: Hashable {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static func == (left: Extents, right: Extents) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
      withUnsafeBytes(of: words) { hasher.combine(bytes: $0) }
    }
  }
  private var extents = Extents()
  private var length: Int8 = 0

  /// The shape of a scalar.
  public init() {}

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// A shape of the given extents.
  public init(_ dims: some Sequence<Int>) {
    self.init()
    for dim in dims { append(dim) }
  }

  public init(_ shape: Shape) { self = shape }

  /// `count` axes of one extent.
  public init(repeating dim: Int, count: Int) {
    self.init()
    for _ in 0..<count { append(dim) }
  }

  // Shapes of parts of a shape, without the detour by way of generic sequences: every step of a
  // model makes dozens of them.
  public func prefix(_ maxLength: Int) -> Shape {
    var result = Shape()
    for axis in 0..<Swift.min(Swift.max(maxLength, 0), rank) { result.append(self[axis]) }
    return result
  }
  public func suffix(_ maxLength: Int) -> Shape {
    var result = Shape()
    for axis in Swift.max(rank - Swift.max(maxLength, 0), 0)..<rank { result.append(self[axis]) }
    return result
  }
  public func dropLast(_ count: Int = 1) -> Shape { prefix(rank - count) }
  public func dropFirst(_ count: Int = 1) -> Shape { suffix(rank - count) }

  /// The number of axes.
  public var rank: Int { Int(length) }
  public var startIndex: Int { 0 }
  public var endIndex: Int { Int(length) }

  public subscript(axis: Int) -> Int {
    get {
      Swift.precondition(axis >= 0 && axis < rank, "axis \(axis) of a shape of \(rank) axes")
      return withUnsafeBytes(of: extents.words) {
        Int($0.load(fromByteOffset: 4 * axis, as: Int32.self))
      }
    }
    set {
      Swift.precondition(newValue >= 0 && newValue <= Int32.max, "an extent of \(newValue)")
      withUnsafeMutableBytes(of: &extents.words) {
        $0.storeBytes(of: Int32(newValue), toByteOffset: 4 * axis, as: Int32.self)
      }
    }
  }

  /// The number of elements of a tensor of this shape.
  public var elementCount: Int {
    var product = 1
    for axis in 0..<rank { product *= self[axis] }
    return product
  }

  /// Adds an innermost axis.
  public mutating func append(_ dim: Int) {
    precondition(
      rank < Shape.maximumRank,
      "a tensor has at most \(Shape.maximumRank) axes; \(self) is to get another, of \(dim)")
    length += 1
    self[rank - 1] = dim
  }

  /// With a new axis before the one now at `position`.
  package func inserting(_ dim: Int, at position: Int) -> Shape {
    var result = self
    result.append(dim)
    for axis in (position..<rank).reversed() { result[axis + 1] = self[axis] }
    result[position] = dim
    return result
  }

  /// Without one axis.
  package func removing(at position: Int) -> Shape {
    var result = Shape()
    for axis in 0..<rank where axis != position { result.append(self[axis]) }
    return result
  }

  /// The concatenation of the axes of two shapes.
  public static func + (left: Shape, right: Shape) -> Shape {
    if right.length == 0 { return left }
    if left.length == 0 { return right }
    var result = left
    for axis in 0..<right.rank { result.append(right[axis]) }
    return result
  }

  /// The distance, in elements, between neighbours along each axis of a row-major array.
  package var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in (0..<Swift.max(rank - 1, 0)).reversed() {
      strides[axis] = strides[axis + 1] * self[axis + 1]
    }
    return strides
  }

  /// The axis that `axis`, possibly negative, names; traps outside the rank.
  package func normalized(axis: Int, _ operation: StaticString) -> Int {
    let result = axis < 0 ? axis + rank : axis
    precondition(
      result >= 0 && result < rank, "\(operation): axis \(axis) is outside the shape \(self)")
    return result
  }

  /// The shape without, or with extent one for, the given axes (already normalized).
  package func reducing(_ axes: Set<Int>, keepingAxes: Bool) -> Shape {
    var result = Shape()
    for axis in 0..<rank {
      if !axes.contains(axis) {
        result.append(self[axis])
      } else if keepingAxes {
        result.append(1)
      }
    }
    return result
  }

  /// Whether a tensor of this shape broadcasts to `target`.
  package func broadcasts(to target: Shape) -> Bool {
    guard rank <= target.rank else { return false }
    let shift = target.rank - rank
    for axis in 0..<rank where self[axis] != 1 && self[axis] != target[axis + shift] {
      return false
    }
    return true
  }

  /// NumPy's common shape of two operands, or nil where an axis agrees in neither way.
  public func broadcast(with other: Shape) -> Shape? {
    if self == other || other.rank == 0 { return self }
    if rank == 0 { return other }
    let longer = rank >= other.rank ? self : other
    let shorter = rank >= other.rank ? other : self
    let shift = longer.rank - shorter.rank
    var result = longer
    for axis in 0..<shorter.rank {
      let left = longer[axis + shift]
      let right = shorter[axis]
      if left == right || right == 1 { continue }
      guard left == 1 else { return nil }
      result[axis + shift] = right
    }
    return result
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + map(String.init).joined(separator: ", ") + "]" }
}
