internal import PPL

/// x ↦ exp(A) x for a learned matrix A (Hoogeboom et al. 2020); log det tr A. Starts as the
/// identity, A = 0.
public struct MatrixExponential: LinearLayer {
  let dimension: Int
  private let parameters: LayerParameters
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: n, the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes A a function of a context.
  public init(dimension n: Int, name: String, context: ContextNetwork? = nil) {
    dimension = n
    parameters = LayerParameters(name, context: context, [.init("generator", [n, n])])
  }

  func map(context: Tensor?, dtype: DType) -> LinearMap {
    let generator = parameters(context)[0]
    return LinearMap(
      forward: { apply(matrixExponential(generator), to: $0) },
      inverse: { apply(matrixExponential(-generator), to: $0) }, logDet: trace(generator))
  }
}

/// exp(A) for each square matrix of … × n × n, by scaling, the Padé approximant of degree 13 and
/// squaring (Higham 2005, "The scaling and squaring method for the matrix exponential revisited").
///
/// For matrices of a norm below 20,000.
func matrixExponential(_ a: Tensor) -> Tensor {
  let n = a.shape[a.rank - 1]
  let norm = abs(a).sum(axis: -2).max(axis: -1).expandingDims(at: -1).expandingDims(at: -1)
  // How often the matrix is halved, to a norm where the approximant is exact to rounding.
  let needed = clamp(ceil(log2(norm / 5.37)), 0, Tensor(floatLiteral: Double(maxHalvings)))
  let halvings = stopGradient(needed)
  let scaled = a * exp2(-halvings)
  let identity = Tensor.eye(n, dtype: a.dtype)
  let a2 = matmul(scaled, scaled)
  let a4 = matmul(a2, a2)
  let a6 = matmul(a2, a4)
  let b = padeCoefficients
  let oddHigh = matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2)
  let odd = matmul(scaled, oddHigh + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * identity)
  let evenHigh = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2)
  let even = evenHigh + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * identity
  var result = solve(even - odd, even + odd)
  for square in 0..<maxHalvings {
    let isWanted = halvings .> Tensor(floatLiteral: Double(square))
    result = `where`(isWanted, matmul(result, result), result)
  }
  return result
}

private let maxHalvings = 12

/// Divided by the first, so that they fit single precision too.
private let padeCoefficients: [Double] = [
  64_764_752_532_480_000, 32_382_376_266_240_000, 7_771_770_303_897_600, 1_187_353_796_428_800,
  129_060_195_264_000, 10_559_470_521_600, 670_442_572_800, 33_522_128_640, 1_323_241_920,
  40_840_800, 960_960, 16380, 182, 1,
].map { $0 / 64_764_752_532_480_000 }
