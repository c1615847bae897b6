/// The beta distribution on the unit interval, in Pyro's order of the parameters.
///
/// log p(x) = (a − 1) log x + (b − 1) log(1 − x) − log B(a, b), a = concentration1, b = concentration0
///
/// Draws differentiate as at fixed probability (implicit reparameterisation), once. A draw that would
/// round to 0 or 1 is given as the nearest number inside.
public struct Beta: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let concentration1: Tensor
  public let concentration0: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .unitInterval }
  public var parameters: [Parameter] {
    [
      Parameter("concentration1", concentration1, .positive),
      Parameter("concentration0", concentration0, .positive),
    ]
  }

  /// - Parameters:
  ///   - concentration1: positive; large ones draw towards 1.
  ///   - concentration0: positive; large ones draw towards 0.
  public init(_ concentration1: Tensor, _ concentration0: Tensor) {
    requireParameter(concentration1, .positive, "Beta", "concentration1")
    requireParameter(concentration0, .positive, "Beta", "concentration0")
    self.concentration1 = concentration1
    self.concentration0 = concentration0
    batchShape = Distributions.batchShape(
      of: "Beta", [("concentration1", concentration1), ("concentration0", concentration0)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let (a, b) = (concentration1, concentration0)
    return overBatch(
      onUnitInterval(value, atZero: a, atOne: b, peak: log(`where`(value .== 0, b, a))) { x in
        let y = 1 - x
        return logBetaKernel(a, b, x, y, excess: b * x - a * y) - (log(x) + log1p(-x))
      })
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let logit = betaLogit(concentration1, concentration0, shape + batchShape, key, dtype)
    return sigmoid(logit).keptInsideUnitInterval()
  }

  public func expanded(to batchShape: Shape) -> Beta {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor {
    (concentration1 / (concentration1 + concentration0)).broadcast(to: batchShape)
  }
  public var variance: Tensor {
    let sum = concentration1 + concentration0
    return ((concentration1 / sum) * (concentration0 / sum) / (sum + 1)).broadcast(to: batchShape)
  }
  /// log B(a, b) − (a − 1) ψ(a) − (b − 1) ψ(b) + (a + b − 2) ψ(a + b).
  public var entropy: Tensor {
    let (a, b) = (concentration1, concentration0)
    let sum = a + b
    let logs = log(a / sum) + log(b / sum) - (gammaPeak(a) + gammaPeak(b) - gammaPeak(sum))
    let slopes =
      (a - 1) * logMinusDigamma(a) + (b - 1) * logMinusDigamma(b)
      - (sum - 2) * logMinusDigamma(sum)
    return (logs + slopes).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(cdfOnUnitInterval(value) { betainc(concentration1, concentration0, $0) })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(betaincInverse(concentration1, concentration0, probability))
  }
}

/// Log odds of draws from a beta distribution, differentiable at fixed probability: differences of
/// logarithms of gamma draws, which neither round to a pole nor underflow for tiny parameters.
func betaLogit(
  _ a: Tensor, _ b: Tensor, _ shape: Shape, _ key: RandomKey, _ dtype: DType
) -> Tensor {
  let dtype = drawDType([a, b], dtype)
  let (first, second) = (
    a.cast(to: dtype).broadcast(to: shape), b.cast(to: dtype).broadcast(to: shape)
  )
  let value = key.foldIn(0).logGamma(first) - key.foldIn(1).logGamma(second)
  return withCustomDerivative(value: value, inputs: [first, second]) { ct, inputs, logit in
    let slopes = betaLogitSlopes(inputs[0], inputs[1], stopGradient(logit))
    return [ct * slopes.a, ct * slopes.b]
  }
}
