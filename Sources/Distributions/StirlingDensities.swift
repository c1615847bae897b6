// Densities written so that the large terms of large parameters never meet.

/// log(tᵃ e⁻ᵗ / Γ(a)): what the log density of a gamma variable t of shape a is, but for −log t.
///
/// It is a log(t/a) − (t − a) + log(aᵃ e⁻ᵃ / Γ(a)), of which each part is small near t = a.
func logGammaKernel(_ a: Tensor, _ t: Tensor) -> Tensor {
  let excess = t - a
  return a * logRatio(t / a, excess / a) - excess + gammaPeak(a)
}

/// log(xᵃ yᵇ / B(a, b)) for y = 1 − x: what the log density of a beta variable x is, but for
/// −log(x y).
///
/// - Parameter excess: b x − a y; its rounding error cancels between the two terms in which it appears.
func logBetaKernel(_ a: Tensor, _ b: Tensor, _ x: Tensor, _ y: Tensor, excess: Tensor) -> Tensor {
  let sum = a + b
  let peak = gammaPeak(a) + gammaPeak(b) - gammaPeak(sum)
  return a * logRatio(x * (sum / a), excess / a) + b * logRatio(y * (sum / b), -excess / b) + peak
}

/// log r, given r and r − 1: each is accurate where the other is not.
func logRatio(_ ratio: Tensor, _ excess: Tensor) -> Tensor {
  `where`(ratio .< oneHalf, log(ratio), log1p(excess))
}

/// A function of positive finite numbers, and `outside` for all others but NaN.
func onPositive(
  _ value: Tensor, outside: Tensor = logZero, _ function: (Tensor) -> Tensor
) -> Tensor {
  let isOutside = (value .<= 0) .|| (value .>= .infinite)
  return `where`(isOutside, outside, function(`where`(isOutside, 1, value)))
}

/// A distribution function of positive numbers: 0 below, 1 at ∞.
func cdfOfPositive(_ value: Tensor, _ cdf: (Tensor) -> Tensor) -> Tensor {
  onPositive(value, outside: (value .> 0).cast(to: value.dtype), cdf)
}

extension DType {
  /// The least normal positive number.
  var leastNormal: Double { self == .float32 ? 0x1p-126 : 0x1p-1022 }
  /// The greatest number below one.
  var belowOne: Double { self == .float32 ? 1 - 0x1p-24 : 1 - 0x1p-53 }
  /// The greatest finite number.
  var greatest: Double {
    self == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
  }
}

extension Tensor {
  /// Kept off zero, as a draw of positive numbers that underflowed would not be.
  func keptPositive() -> Tensor {
    minimum(
      maximum(self, Tensor(floatLiteral: dtype.leastNormal)), Tensor(floatLiteral: dtype.greatest))
  }

  /// Kept inside the open unit interval.
  func keptInsideUnitInterval() -> Tensor {
    minimum(
      maximum(self, Tensor(floatLiteral: dtype.leastNormal)), Tensor(floatLiteral: dtype.belowOne))
  }
}
