/// The Dirichlet distribution over vectors of positive numbers of sum 1.
///
/// log p(x) = Σ (αᵢ − 1) log xᵢ + log Γ(Σ αᵢ) − Σ log Γ(αᵢ), α = concentration
///
/// Draws are normalised gamma draws, taken by their logarithms, so that tiny concentrations are
/// no trouble; they differentiate once. A component that would underflow is given as the least normal
/// number.
public struct Dirichlet: MomentDistribution, EntropyDistribution {
  /// One positive number for each component, along the last axis.
  public let concentration: Tensor
  public private(set) var batchShape: Shape
  public var eventShape: Shape { Shape(concentration.shape.suffix(1)) }
  public var support: Constraint { .simplex }
  public var parameters: [Parameter] {
    [Parameter("concentration", concentration, Constraint.positive.independent(1))]
  }

  /// - Parameter concentration: positive, with the components along the last axis.
  public init(_ concentration: Tensor) {
    precondition(
      concentration.rank > 0, "Dirichlet: the concentration needs an axis for the components")
    requireParameter(
      concentration, Constraint.positive.independent(1), "Dirichlet", "concentration")
    self.concentration = concentration
    batchShape = Shape(concentration.shape.dropLast())
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let total = value.sum(axis: -1)
    let isOutside =
      (value.min(axis: -1) .< 0) .|| (abs(total - 1) .> roundingTolerance(value))
    let density = `where`(isNaN(total), notANumber, insideLogProb(value))
    return overBatch(`where`(isOutside, logZero, density))
  }

  /// The log density at points of the simplex; at others any number.
  ///
  /// Nothing large cancels in Σ αᵢ log(xᵢ s / αᵢ) − log xᵢ + `logPeak`, s = Σ αᵢ. Its derivatives are
  /// stated since they share that logarithm: ∂/∂αᵢ = log xᵢ − ψ(αᵢ) + ψ(s). At zero only the power of x
  /// counts, and it is 1 where its exponent is 0; derivatives leave it out.
  private func insideLogProb(_ value: Tensor) -> Tensor {
    let a = concentration
    let (x, logRatio) = dirichletParts(value, a)
    let limit = `where`(a .> 1, logZero, `where`(a .< 1, .infinite, 0))
    let power = `where`(value .== 0, limit, -log(x))
    let density = (a * logRatio + power).sum(axis: -1) + logPeak
    let full = logRatio.shape
    let inputs = [value.broadcast(to: full), a.broadcast(to: full), a].map { $0.cast(to: x.dtype) }
    return withCustomDerivative(value: density, inputs: inputs) { ct, inputs, _ in
      let (value, a) = (inputs[0], inputs[2])
      let (x, logRatio) = dirichletParts(value, a)
      let ct = ct.expandingDims(at: -1)
      let whole = logMinusDigamma(a.sum(axis: -1, keepingAxes: true))
      return [
        ct * `where`(value .== 0, 0, (a - 1) / x), ct * (logRatio + (logMinusDigamma(a) - whole)),
        nil,
      ]
    }
  }

  /// Σ log(αᵢ^αᵢ e^−αᵢ / Γ(αᵢ)), less that of the sum.
  private var logPeak: Tensor {
    gammaPeak(concentration).sum(axis: -1) - gammaPeak(concentration.sum(axis: -1))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration], dtype)
    let logs = key.logGamma(
      concentration.cast(to: dtype), shape + batchShape + eventShape, dtype: dtype)
    return maximum(logs.softmax(axis: -1), Tensor(floatLiteral: dtype.leastNormal))
  }

  public func expanded(to batchShape: Shape) -> Dirichlet {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { proportions.broadcast(to: batchShape + eventShape) }

  private var proportions: Tensor {
    concentration / concentration.sum(axis: -1, keepingAxes: true)
  }

  /// Of each component by itself.
  public var variance: Tensor {
    let sum = concentration.sum(axis: -1, keepingAxes: true)
    let rest = (sum - concentration) / sum
    return (proportions * rest / (sum + 1)).broadcast(to: batchShape + eventShape)
  }

  /// Σ log Γ(αᵢ) − log Γ(s) − Σ (αᵢ − 1) ψ(αᵢ) + (s − K) ψ(s), s = Σ αᵢ.
  public var entropy: Tensor {
    let a = concentration
    let sum = a.sum(axis: -1)
    let count = Tensor(floatLiteral: Double(eventShape[0]))
    let slopes = ((a - 1) * logMinusDigamma(a)).sum(axis: -1) - (sum - count) * logMinusDigamma(sum)
    return (log(proportions).sum(axis: -1) - logPeak + slopes).broadcast(to: batchShape)
  }
}

/// Components that are positive numbers up to one as they are, others as 1; and log(xᵢ s / αᵢ) of these.
private func dirichletParts(_ value: Tensor, _ a: Tensor) -> (x: Tensor, logRatio: Tensor) {
  let x = `where`(value .> 0, minimum(value, 2), 1)
  return (x, log(x * (a.sum(axis: -1, keepingAxes: true) / a)))
}
