/// The distribution on the simplex of K probabilities made of K − 1 normal numbers by breaking a
/// stick: xₖ is the log odds of breaking off piece k of what is left, less log(K − k).
///
/// log p(y) = Σ log Normal(xₖ; locₖ, scaleₖ) − Σ log yₖ,
/// with xₖ = log yₖ − log Σⱼ₌ₖ₊₁ yⱼ + log(K − k)
///
/// All x = 0 is the centre of the simplex. `loc` and `scale` are … × (K − 1), together at least a
/// vector. As in Pyro the pieces are not exchangeable: this is not the softmax of normal numbers.
public struct LogisticNormal: MomentDistribution {
  private let base: Normal
  public var loc: Tensor { base.loc }
  public var scale: Tensor { base.scale }
  public var batchShape: Shape { Shape(base.batchShape.dropLast()) }
  public var eventShape: Shape { [size] }
  public var support: Constraint { .simplex }
  public var parameters: [Parameter] { base.parameters }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) {
    requireParameter(scale, .positive, "LogisticNormal", "scale")
    requireParameter(loc, .real, "LogisticNormal", "loc")
    self.init(base: Normal(loc, scale))
  }

  private init(base: Normal) {
    self.base = base
    precondition(
      base.batchShape.rank >= 1, "LogisticNormal: loc or scale must be a vector, got scalars")
  }

  /// K.
  private var size: Int { base.batchShape[base.batchShape.rank - 1] + 1 }

  /// log(K − 1), …, log 1.
  private func offsets(like x: Tensor) -> Tensor {
    log(Tensor((1..<size).reversed().map(Double.init), dtype: x.dtype))
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "LogisticNormal")
    // At the edge the density vanishes.
    let isInside = support.contains(value) .&& (value .> 0).all(axes: [-1])
    let isBroken = isNaN(value).any(axes: [-1])
    let y = `where`(
      isInside.expandingDims(at: -1), value, Tensor(floatLiteral: 1 / Double(size)))
    let left = y.flipped(along: -1).cumulativeSum(along: -1).flipped(along: -1)
      .slice(1..<size, along: -1)
    let logY = log(y)
    let x = logY.slice(0..<size - 1, along: -1) - log(left) + offsets(like: y)
    let density = base.logProb(x).sum(axis: -1) - logY.sum(axis: -1)
    return overBatch(`where`(isInside, density, `where`(isBroken, notANumber, logZero)))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    exp(logPieces(base.sample(shape, key: key, dtype: dtype)))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let (x, logProb) = base.sampleAndLogProb(shape, key: key, dtype: dtype)
    let logY = logPieces(x)
    return (exp(logY), logProb.sum(axis: -1) - logY.sum(axis: -1))
  }

  /// log y of x: a piece is what is broken off times what was left.
  private func logPieces(_ x: Tensor) -> Tensor {
    let odds = x - offsets(like: x)
    let left = logSigmoid(-odds).cumulativeSum(along: -1)
    return logSigmoid(odds).padded(before: 0, after: 1) + left.padded(before: 1, after: 0)
  }

  public func expanded(to batchShape: Shape) -> LogisticNormal {
    LogisticNormal(base: base.expanded(to: batchShape + [size - 1]))
  }

  // Pieces are products of independent shares σ(x) and rests σ(−x).

  public var mean: Tensor { products { logisticNormalMoment($0, $1, power: 1) } }

  /// Of each component by itself; to a rounding error of the mean's square.
  public var variance: Tensor {
    products { logisticNormalMoment($0, $1, power: 2) } - square(mean)
  }

  /// A moment of the pieces from that of σ of a normal number.
  private func products(_ moment: (_ loc: Tensor, _ scale: Tensor) -> Tensor) -> Tensor {
    let shape = base.batchShape
    let (loc, scale) = (loc.broadcast(to: shape), scale.broadcast(to: shape))
    let odds = loc - offsets(like: loc)
    let rests = log(moment(-odds, scale)).cumulativeSum(along: -1)
    return exp(
      log(moment(odds, scale)).padded(before: 0, after: 1) + rests.padded(before: 1, after: 0))
  }
}

/// E σ(x)ᵖ for a normal x of mean m and scale s; for small ones, it is exp(p m + p² s²/2) times that of
/// the mean −m − p s².
private func logisticNormalMoment(_ loc: Tensor, _ scale: Tensor, power: Int) -> Tensor {
  let p = Tensor(floatLiteral: Double(power))
  let rise = p * (loc + 0.5 * p * square(scale))
  let isSmall = rise .< 0
  let usual = usualMoment(`where`(isSmall, -loc - p * square(scale), loc), scale, power: power)
  return `where`(isSmall, exp(minimum(rise, 0)), 1) * usual
}

/// By equidistant points, which integrate analytic functions to rounding: of the normal density where that
/// is the narrower one, else, by parts, of the derivative of σᵖ.
private func usualMoment(_ loc: Tensor, _ scale: Tensor, power: Int) -> Tensor {
  let dtype = drawDType([loc, scale], .float64)
  func points(_ step: Double, _ reach: Double) -> Tensor {
    let count = Int(reach / step)
    return Tensor((-count...count).map { step * Double($0) }, dtype: dtype)
  }
  let (m, s) = (loc.expandingDims(at: -1), scale.expandingDims(at: -1))
  let isNarrow = s .<= 1
  let z = points(0.5, 8.5)
  let bell = exp(-0.5 * square(z) - halfLog2Pi)
  let near = 0.5 * bell * exp(Double(power) * logSigmoid(m + minimum(s, 1) * z))
  let v = points(0.5, 52)
  let slope = Double(power) * exp(Double(power) * logSigmoid(v) + logSigmoid(-v))
  let far = 0.5 * slope * exp(logNormalCDF((m - v) / maximum(s, 1)))
  return `where`(
    isNarrow, near.sum(axis: -1, keepingAxes: true), far.sum(axis: -1, keepingAxes: true)
  ).squeezing(at: -1)
}
