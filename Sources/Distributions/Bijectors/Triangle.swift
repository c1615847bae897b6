/// The lower triangle of square matrices as a vector, row by row.
enum Triangle {
  /// The number of elements below the diagonal of an n × n matrix, and with the diagonal.
  static func strictCount(_ n: Int) -> Int { n * (n - 1) / 2 }
  static func fullCount(_ n: Int) -> Int { n * (n + 1) / 2 }

  /// The n for which `count` numbers fill the triangle; traps if there is none.
  static func size(ofStrict count: Int, _ name: StaticString) -> Int {
    size(ofFull: count, name) + 1
  }

  static func size(ofFull count: Int, _ name: StaticString) -> Int {
    var n = 0
    while fullCount(n) < count { n += 1 }
    precondition(fullCount(n) == count, "\(name): \(count) numbers do not fill a triangle")
    return n
  }

  /// Matrices of zeros but for the elements below the diagonal.
  static func matrix(strict: Tensor, _ n: Int) -> Tensor {
    if n == 1 { return Tensor.zeros(Shape(strict.shape.dropLast()) + [1, 1], dtype: strict.dtype) }
    let positions = (0..<n).flatMap { i in (0..<n).map { j in j < i ? strictCount(i) + j : 0 } }
    return tril(strict.gathered(Tensor(positions, shape: [n, n]), along: -1), -1)
  }

  /// Matrices with the given elements below and on the diagonal, zeros above.
  static func matrix(strict: Tensor, diagonal: Tensor) -> Tensor {
    let n = diagonal.shape[diagonal.rank - 1]
    let count = strictCount(n)
    let positions = (0..<n).flatMap { i in
      (0..<n).map { j in j < i ? strictCount(i) + j : j == i ? count + i : 0 }
    }
    let all = concat([strict, diagonal], along: -1)
    return tril(all.gathered(Tensor(positions, shape: [n, n]), along: -1))
  }

  /// The elements below the diagonal.
  static func strict(of matrix: Tensor) -> Tensor {
    let n = matrix.shape[matrix.rank - 1]
    let positions = (0..<n).flatMap { i in (0..<i).map { j in i * n + j } }
    return matrix.reshaped(to: Shape(matrix.shape.dropLast(2)) + [n * n])
      .gathered(Tensor(positions), along: -1)
  }

  static func strictShape(_ shape: Shape, _ name: StaticString) -> Shape {
    let n = side(shape, name)
    return Shape(shape.dropLast(2)) + [strictCount(n)]
  }

  static func fullShape(_ shape: Shape, _ name: StaticString) -> Shape {
    let n = side(shape, name)
    return Shape(shape.dropLast(2)) + [fullCount(n)]
  }

  private static func side(_ shape: Shape, _ name: StaticString) -> Int {
    precondition(
      shape.rank >= 2 && shape[shape.rank - 1] == shape[shape.rank - 2],
      "\(name): expected square matrices, got the shape \(shape)")
    return shape[shape.rank - 1]
  }
}

/// A bijector from vectors of n (n + 1) / 2 numbers, those below the diagonal row by row and then
/// the diagonal, onto lower triangular matrices. The log determinant is that of the triangle.
protocol TriangleBijector: Bijector, Equatable {
  static var name: StaticString { get }
  /// The triangle from what the vector has for it.
  func triangle(_ strict: Tensor, _ diagonal: Tensor) -> (y: Tensor, logDet: Tensor)
  /// The way back.
  func vector(_ strict: Tensor, _ diagonal: Tensor)
    -> (strict: Tensor, diagonal: Tensor, logDet: Tensor)
}

extension TriangleBijector {
  public var eventRank: Int { 1 }
  public var valueRank: Int { 2 }

  public func forwardShape(_ shape: Shape) -> Shape {
    let n = Triangle.size(ofFull: shape.last(Self.name), Self.name)
    return Shape(shape.dropLast()) + [n, n]
  }
  public func inverseShape(_ shape: Shape) -> Shape { Triangle.fullShape(shape, Self.name) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let n = Triangle.size(ofFull: x.shape.last(Self.name), Self.name)
    let below = Triangle.strictCount(n)
    return triangle(
      x.slice(0..<below, along: -1), x.slice(below..<below + n, along: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (strict, diagonal, logDet) = vector(Triangle.strict(of: y), y.diagonal())
    return (concat([strict, diagonal], along: -1), logDet)
  }
}
