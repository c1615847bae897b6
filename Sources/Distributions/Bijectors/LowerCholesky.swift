/// Vectors onto lower triangular matrices with a positive diagonal: the elements below the diagonal
/// row by row, then the logarithms of the diagonal. Log det: the sum of the latter.
public struct LowerCholesky: TriangleBijector {
  static let name: StaticString = "LowerCholesky"
  public init() {}
  public var codomain: Constraint { .lowerCholesky }

  func triangle(_ strict: Tensor, _ diagonal: Tensor) -> (y: Tensor, logDet: Tensor) {
    (Triangle.matrix(strict: strict, diagonal: exp(diagonal)), diagonal.sum(axis: -1))
  }

  func vector(_ strict: Tensor, _ diagonal: Tensor)
    -> (strict: Tensor, diagonal: Tensor, logDet: Tensor)
  {
    let logs = log(diagonal)
    return (strict, logs, -logs.sum(axis: -1))
  }
}

/// The same with softplus in place of exp on the diagonal; log det Σ log sigmoid of the numbers for
/// the diagonal.
public struct SoftplusLowerCholesky: TriangleBijector {
  static let name: StaticString = "SoftplusLowerCholesky"
  public init() {}
  public var codomain: Constraint { .softplusLowerCholesky }

  func triangle(_ strict: Tensor, _ diagonal: Tensor) -> (y: Tensor, logDet: Tensor) {
    let matrix = Triangle.matrix(strict: strict, diagonal: softplus(diagonal))
    return (matrix, logSigmoid(diagonal).sum(axis: -1))
  }

  func vector(_ strict: Tensor, _ diagonal: Tensor)
    -> (strict: Tensor, diagonal: Tensor, logDet: Tensor)
  {
    let (x, logDet) = Softplus().inverseAndLogDet(diagonal, context: nil)
    return (strict, x, logDet.sum(axis: -1))
  }
}

/// Vectors onto lower triangular matrices with a positive diagonal d = softplus(…), whose rows are
/// dᵢ times those of a unit triangle: a row's scale and its direction are apart.
///
/// Log det: Σ log sigmoid of the numbers for the diagonal + Σᵢ (i − 1) log dᵢ.
public struct ScaledUnitLowerCholesky: TriangleBijector {
  static let name: StaticString = "ScaledUnitLowerCholesky"
  public init() {}
  public var codomain: Constraint { .scaledUnitLowerCholesky }

  func triangle(_ strict: Tensor, _ diagonal: Tensor) -> (y: Tensor, logDet: Tensor) {
    let scale = softplus(diagonal)
    let unit = Triangle.matrix(
      strict: strict, diagonal: Tensor.ones(scale.shape, dtype: scale.dtype))
    let logDet = logSigmoid(diagonal) + Self.ranks(scale) * log(scale)
    return (scale.expandingDims(at: -1) * unit, logDet.sum(axis: -1))
  }

  func vector(_ strict: Tensor, _ diagonal: Tensor)
    -> (strict: Tensor, diagonal: Tensor, logDet: Tensor)
  {
    let n = diagonal.shape[diagonal.rank - 1]
    let rows = (0..<n).flatMap { [Int](repeating: $0, count: $0) }
    let scale = diagonal.gathered(Tensor(rows), along: -1)
    let (x, logDet) = Softplus().inverseAndLogDet(diagonal, context: nil)
    return (strict / scale, x, (logDet - Self.ranks(diagonal) * log(diagonal)).sum(axis: -1))
  }

  /// The number of elements below the diagonal in each row.
  private static func ranks(_ diagonal: Tensor) -> Tensor {
    Tensor((0..<diagonal.shape[diagonal.rank - 1]).map(Double.init), dtype: diagonal.dtype)
  }
}

/// Vectors onto lower triangular matrices of any numbers: those below the diagonal row by row, then
/// the diagonal.
public struct UnpackLowerTriangle: TriangleBijector {
  static let name: StaticString = "UnpackLowerTriangle"
  public init() {}
  public var codomain: Constraint { .lowerTriangular }
  public var isVolumePreserving: Bool { true }

  func triangle(_ strict: Tensor, _ diagonal: Tensor) -> (y: Tensor, logDet: Tensor) {
    (Triangle.matrix(strict: strict, diagonal: diagonal), zeroLogDet(of: diagonal))
  }

  func vector(_ strict: Tensor, _ diagonal: Tensor)
    -> (strict: Tensor, diagonal: Tensor, logDet: Tensor)
  {
    (strict, diagonal, zeroLogDet(of: diagonal))
  }
}

/// Vectors onto symmetric matrices: the elements below the diagonal row by row, then the diagonal.
public struct UnpackSymmetric: TriangleBijector {
  static let name: StaticString = "UnpackSymmetric"
  public init() {}
  public var codomain: Constraint { .symmetric }
  public var isVolumePreserving: Bool { true }

  func triangle(_ strict: Tensor, _ diagonal: Tensor) -> (y: Tensor, logDet: Tensor) {
    let lower = Triangle.matrix(strict: strict, diagonal: diagonal)
    return (lower + tril(lower, -1).transposed(), zeroLogDet(of: diagonal))
  }

  func vector(_ strict: Tensor, _ diagonal: Tensor)
    -> (strict: Tensor, diagonal: Tensor, logDet: Tensor)
  {
    (strict, diagonal, zeroLogDet(of: diagonal))
  }
}

/// Vectors of n (n − 1) / 2 numbers onto lower triangular matrices with ones on the diagonal, row by
/// row.
public struct UnitLowerCholesky: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var valueRank: Int { 2 }
  public var codomain: Constraint { .unitLowerCholesky }
  public var isVolumePreserving: Bool { true }

  public func forwardShape(_ shape: Shape) -> Shape {
    let n = Triangle.size(ofStrict: shape.last("UnitLowerCholesky"), "UnitLowerCholesky")
    return Shape(shape.dropLast()) + [n, n]
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    Triangle.strictShape(shape, "UnitLowerCholesky")
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let n = Triangle.size(ofStrict: x.shape.last("UnitLowerCholesky"), "UnitLowerCholesky")
    return (Triangle.matrix(strict: x, n) + Tensor.eye(n, dtype: x.dtype), zeroLogDet(of: x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = Triangle.strict(of: y)
    return (x, zeroLogDet(of: x))
  }
}

/// The log determinant of a map of vectors that preserves volume.
func zeroLogDet(of x: Tensor) -> Tensor { Tensor.zeros(Shape(x.shape.dropLast()), dtype: x.dtype) }
