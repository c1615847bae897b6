/// The distribution of the lower triangular M for which M Mᵀ is a Wishart matrix around the identity
/// (Bartlett 1933): standard normal below the diagonal, Mᵢᵢ² χ² of df − i + 1 degrees of freedom.
struct BartlettFactor {
  let df: Tensor
  let size: Int

  /// Where the degrees of freedom must lie.
  static func degrees(_ size: Int) -> Constraint {
    .greaterThan(Tensor(floatLiteral: Double(size - 1)))
  }

  /// Half of the degrees of freedom of each row.
  private func halfDF(_ dtype: DType) -> Tensor {
    0.5 * (df.expandingDims(at: -1) - Tensor((0..<size).map(Double.init), dtype: dtype))
  }

  /// The log density of the squares of the diagonal and of the elements below it.
  func logDensity(_ m: Tensor) -> Tensor {
    let half = 0.5 * square(m.diagonal())
    let shapes = halfDF(m.dtype)
    let squares = (logGammaKernel(shapes, half) - log(half)).sum(axis: -1)
    let below = square(tril(m, -1)).sum(axes: [-2, -1])
    return squares - 0.5 * below - constant
  }

  /// d log 2 for χ² = 2 Gamma, and ½ log 2π for each element below the diagonal.
  private var constant: Tensor {
    let below = Double(size * (size - 1) / 2)
    return Double(size) * logTwo + below * halfLog2Pi
  }

  func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let keys = key.split(2)
    let below = tril(keys[0].normal(shape + [size, size], dtype: dtype), -1)
    let squares = 2 * keys[1].gamma(halfDF(dtype), shape + [size], dtype: dtype)
    return below + sqrt(squares).embeddingDiagonal()
  }

  /// log Γ_d(a) − Σ (aᵢ + ½ offsetᵢ) ψ(aᵢ) + ½ df d for a = df/2 and aᵢ = (df − i + 1)/2: what entropies are
  /// made of, in which the large logarithms cancel exactly.
  func entropyPart(_ offset: (_ row: Int) -> Double) -> Tensor {
    let dtype = drawDType([df], .float64)
    let a = halfDF(dtype)
    let halves = Tensor((0..<size).map { 0.5 * offset($0) }, dtype: dtype)
    let slope = logMinusDigamma(a)
    let rows = a * slope - gammaPeak(a) - halves * (log(a) - slope)
    return rows.sum(axis: -1) + Double(size * (size - 1)) * 0.25 * (1 + logPi)
  }
}

extension Tensor {
  /// A number for each matrix, as a factor of it.
  var overMatrix: Tensor { expandingDims(at: -1).expandingDims(at: -1) }
}
