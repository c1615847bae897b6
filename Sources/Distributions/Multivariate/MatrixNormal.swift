/// The normal distribution of n × p matrices loc + A ε Bᵀ, with standard normal ε: the covariance of
/// the rows is A Aᵀ, that of the columns B Bᵀ.
///
/// log p(X) = −½ |A⁻¹ (X − loc) B⁻ᵀ|² − p log det A − n log det B − (n p/2) log 2π
///
/// `loc` is … × n × p, or one number; A and B are lower triangular, … × n × n and … × p × p. The
/// covariance of all n p elements is never formed.
public struct MatrixNormal: MomentDistribution, EntropyDistribution {
  public let loc: Tensor
  private let row: ScaleMatrix
  private let column: ScaleMatrix
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [row.size, column.size] }
  public var support: Constraint { .real.independent(2) }
  public var parameters: [Parameter] {
    [Parameter("loc", loc, .real.independent(2)), row.parameter, column.parameter]
  }

  /// - Parameters:
  ///   - scaleTrilRow: A, lower triangular with a positive diagonal.
  ///   - scaleTrilColumn: B, likewise.
  public init(_ loc: Tensor, scaleTrilRow: Tensor, scaleTrilColumn: Tensor) {
    requireParameter(loc, .real, "MatrixNormal", "loc")
    row = ScaleMatrix(scaleTril: scaleTrilRow, named: "scaleTrilRow", "MatrixNormal")
    column = ScaleMatrix(scaleTril: scaleTrilColumn, named: "scaleTrilColumn", "MatrixNormal")
    let shape: Shape = [row.size, column.size]
    self.loc = loc.rank > 0 ? loc : loc.broadcast(to: shape)
    precondition(
      self.loc.shape.suffix(2).elementsEqual(shape),
      "MatrixNormal: loc of shape \(loc.shape) for matrices of shape \(shape)")
    batchShape = Distributions.batchShape(
      of: "MatrixNormal",
      [
        ("loc", self.loc, 2), ("scaleTrilRow", scaleTrilRow, 2),
        ("scaleTrilColumn", scaleTrilColumn, 2),
      ])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "MatrixNormal")
    let (difference, isOutside) = finitePart(value - loc, eventRank: 2)
    let rows = whitened(difference.bringingRowsFirst, by: column.factor(beside: [difference]))
    let z = whitened(rows.exchangingEnds, by: row.factor(beside: [difference]))
    return overBatch(`where`(isOutside, logZero, logProb(standardized: z)))
  }

  /// The log density at loc + A z Bᵀ; the columns of z are its first axis.
  private func logProb(standardized z: Tensor) -> Tensor {
    minusHalf * square(z).sum(axes: [0, -1])
      - (logDeterminants(beside: [z]) + Double(eventShape.elementCount) * halfLog2Pi)
  }

  private func logDeterminants(beside others: [Tensor]) -> Tensor {
    Double(column.size) * logDeterminant(row.factor(beside: others))
      + Double(row.size) * logDeterminant(column.factor(beside: others))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    value(noise(shape, key, dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let z = noise(shape, key, dtype)
    return (value(z), logProb(standardized: z))
  }

  /// Standard normal numbers, the columns of the event as the first axis.
  private func noise(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    let dtype = drawDType([loc, row.parameter.value, column.parameter.value], dtype)
    return key.normal([column.size] + shape + batchShape + [row.size], dtype: dtype)
  }

  private func value(_ z: Tensor) -> Tensor {
    let rows = multiplied(z, by: tril(row.factor(beside: [z]))).exchangingEnds
    return loc + multiplied(rows, by: tril(column.factor(beside: [z]))).bringingFirstToRows
  }

  public func expanded(to batchShape: Shape) -> MatrixNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var scaleTrilRow: Tensor { row.factor(beside: [loc]) }
  public var scaleTrilColumn: Tensor { column.factor(beside: [loc]) }
  public var mean: Tensor { loc.broadcast(to: batchShape + eventShape) }
  public var variance: Tensor {
    outer(
      square(tril(scaleTrilRow)).sum(axis: -1), square(tril(scaleTrilColumn)).sum(axis: -1)
    ).broadcast(to: batchShape + eventShape)
  }
  public var entropy: Tensor {
    (logDeterminants(beside: [loc]) + Double(eventShape.elementCount) * (halfLog2Pi + 0.5))
      .broadcast(to: batchShape)
  }
}

extension Tensor {
  /// … × n × p as n × … × p, so that the rows are vectors of one batch.
  fileprivate var bringingRowsFirst: Tensor {
    transposed(to: [rank - 2] + Array(0..<rank - 2) + [rank - 1])
  }

  /// n × … × p as … × n × p.
  fileprivate var bringingFirstToRows: Tensor {
    transposed(to: Array(1..<rank - 1) + [0, rank - 1])
  }

  /// The first and the last axis exchanged.
  fileprivate var exchangingEnds: Tensor {
    transposed(to: [rank - 1] + Array(1..<rank - 1) + [0])
  }
}
