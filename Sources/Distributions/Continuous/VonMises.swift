/// Von Mises' distribution of angles in [−π, π], the normal distribution of the circle.
///
/// log p(x) = concentration · cos(x − loc) − log 2π − log I₀(concentration)
///
/// Draws are differentiable, once, as angles between −π and π at fixed probability. Pyro's density
/// repeats beyond ±π; here it is 0, so that it is one.
public struct VonMises: EntropyDistribution, CumulativeDistribution {
  public let loc: Tensor
  public let concentration: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .circular }
  public var parameters: [Parameter] {
    [Parameter("loc", loc, .real), Parameter("concentration", concentration, .positive)]
  }

  /// - Parameters:
  ///   - loc: the mode, an angle.
  ///   - concentration: positive; about 1 / variance where it is large.
  public init(_ loc: Tensor, _ concentration: Tensor) {
    requireParameter(loc, .real, "VonMises", "loc")
    requireParameter(concentration, .positive, "VonMises", "concentration")
    self.loc = loc
    self.concentration = concentration
    batchShape = Distributions.batchShape(
      of: "VonMises", [("loc", loc), ("concentration", concentration)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let exponent = VonMisesFunctions.exponent(value - loc, concentration)
    return overBatch(
      `where`(isOutside(value), logZero, exponent - (log(besselI0e(concentration)) + log2Pi)))
  }

  private func isOutside(_ value: Tensor) -> Tensor { abs(value) .> VonMisesFunctions.pi }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let noise = VonMisesFunctions.noise(concentration, shape + batchShape, key)
    let angle = VonMisesFunctions.wrapped(noise + stopGradient(loc).cast(to: .float64))
    let draw = angle.cast(to: drawDType([loc, concentration], dtype))
    return atFixedProbability(draw, [loc, concentration]) { x, parameters in
      exp(VonMises(parameters).logProb(x))
    } cdf: { x, parameters in
      VonMises(parameters).cdf(x)
    }
  }

  private init(_ parameters: [Tensor]) { self.init(parameters[0], parameters[1]) }

  public func expanded(to batchShape: Shape) -> VonMises {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// The direction of the mean vector of draws on the circle: `loc`.
  public var circularMean: Tensor {
    VonMisesFunctions.wrapped(loc).broadcast(to: batchShape)
  }
  /// 1 − I₁/I₀, one less the length of the mean vector.
  public var circularVariance: Tensor {
    (1 - besselI1e(concentration) / besselI0e(concentration)).broadcast(to: batchShape)
  }
  /// log 2π + log I₀ − concentration · I₁/I₀.
  public var entropy: Tensor {
    let logHeight = log2Pi + log(besselI0e(concentration))
    return (logHeight + concentration * circularVariance).broadcast(to: batchShape)
  }

  /// ∫ p from −π to x, by quadrature.
  public func cdf(_ value: Tensor) -> Tensor {
    let (loc, concentration) = (loc, concentration)
    let isInside = .!(abs(value) .>= VonMisesFunctions.pi)
    let height = exp(log2Pi) * besselI0e(concentration)
    let result = withDensity(`where`(isInside, value, 0)) {
      VonMisesFunctions.integral($0, loc, concentration) / height
    } density: { x in
      exp(VonMisesFunctions.exponent(x - loc, concentration)) / height
    }
    return overBatch(`where`(isInside, result, `where`(value .> 0, 1, 0)))
  }
}
