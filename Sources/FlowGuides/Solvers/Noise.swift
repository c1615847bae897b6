internal import PPL

/// A key for noise that is fresh wherever points or parameters differ.
func noiseKey(_ key: RandomKey, _ x: Tensor, _ parameters: [Tensor]) -> RandomKey {
  let all = parameters.reduce(x.sum()) { $0 + $1.sum() }
  // Digits of a sine far beyond those that matter: small changes give other numbers.
  let digits = 1e9 * sin(1e6 * stopGradient(all))
  return key.foldIn(floor(digits).cast(to: .int64))
}

extension RandomKey {
  /// −1 or 1 with equal chances, of the shape and dtype of x.
  func signs(like x: Tensor) -> Tensor {
    let uniform = foldIn("signs").uniform(x.shape, dtype: x.dtype)
    return 1 - 2 * (uniform .< 0.5).cast(to: x.dtype)
  }
}
