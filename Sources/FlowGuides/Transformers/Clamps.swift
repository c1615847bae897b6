public import PPL

/// x limited to an interval, with the derivative of the identity.
public func clampPreservingGradient(_ x: Tensor, _ lower: Tensor, _ upper: Tensor) -> Tensor {
  let limited = maximum(minimum(x, upper), lower)
  return withCustomDerivative(value: limited, inputs: [x.broadcast(to: limited.shape)]) {
    ct, _, _ in [ct]
  }
}

/// x / (1 + |x / bound|): the identity near 0, smoothly limited to ±bound.
public func softClamp(_ x: Tensor, bound: Double) -> Tensor { x / (1 + abs(x / bound)) }

/// x limited to (−2, 0.1): steps that expand stay small, steps that contract need not. It keeps deep
/// flows of affine layers stable (Andrade 2024).
///
/// (2α/π) atan(x / α) with α = 0.1 for x ≥ 0 and 2 below.
public func asymmetricSoftClamp(_ x: Tensor) -> Tensor {
  let alpha = `where`(x .< 0, Tensor(2, dtype: x.dtype), 0.1)
  return 2 / Double.pi * alpha * atan(x / alpha)
}

/// The logistic function kept inside the open unit interval: from the least normal number to one
/// step below 1.
public func clippedSigmoid(_ x: Tensor) -> Tensor {
  let (least, step) =
    x.dtype == .float32
    ? (Double(Float.leastNormalMagnitude), Double(Float.ulpOfOne))
    : (Double.leastNormalMagnitude, Double.ulpOfOne)
  return clamp(sigmoid(x), Tensor(least, dtype: x.dtype), Tensor(1 - step, dtype: x.dtype))
}
