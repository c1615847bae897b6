/// A log density inside the unit interval, its limits at the ends and −∞ outside.
///
/// - Parameters:
///   - atZero: a, of a density that is proportional to xᵃ⁻¹ near 0.
///   - atOne: b, of one that is proportional to (1 − x)ᵇ⁻¹ near 1.
///   - peak: the limit at an end whose exponent is 1.
func onUnitInterval(
  _ value: Tensor, atZero: Tensor, atOne: Tensor, peak: Tensor, _ density: (Tensor) -> Tensor
) -> Tensor {
  let isOutside = (value .<= 0) .|| (value .>= 1)
  let exponent = `where`(value .== 0, atZero, `where`(value .== 1, atOne, 2))
  let limit = `where`(exponent .> 1, logZero, `where`(exponent .< 1, .infinite, peak))
  return `where`(isOutside, limit, density(`where`(isOutside, oneHalf, value)))
}

/// log(1 − eᵛ) for v < 0.
func log1mExp(_ v: Tensor) -> Tensor {
  `where`(v .> logHalf, log(-expm1(v)), log1p(-exp(v)))
}

/// A distribution function of numbers in the unit interval.
func cdfOnUnitInterval(_ value: Tensor, _ cdf: (Tensor) -> Tensor) -> Tensor {
  let isOutside = (value .<= 0) .|| (value .>= 1)
  let limit = (value .> 0).cast(to: value.dtype)
  return `where`(isOutside, limit, cdf(`where`(isOutside, oneHalf, value)))
}
