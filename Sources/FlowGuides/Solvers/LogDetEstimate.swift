internal import PPL

extension ContractiveMap {
  /// An unbiased estimate of log |det(1 + J)| for J = ∂f/∂x at each point (Chen et al. 2019).
  ///
  /// With s of `ContractiveMap` and G = (J − s) / (1 + s) it is n log(1 + s) + Σₖ (−1)ᵏ⁺¹ vᵀGᵏv / k
  /// for random signs v. The series ends after a random number of terms, and each term counts by
  /// one over the chance that it is reached. Its derivative is vᵀ (Σₖ (−G)ᵏ) ∂G v, with the same
  /// weights, of which nothing but the vector vᵀ Σₖ (−G)ᵏ is kept.
  func logDetEstimate(
    _ x: Tensor, _ parameters: [Tensor], exactTerms: Int, key: RandomKey
  ) -> Tensor {
    precondition(exactTerms >= 0, "logDetEstimate: \(exactTerms) terms")
    let (dtype, n) = (x.dtype, x.shape[x.rank - 1])
    let signs = key.signs(like: x)
    // After the exact terms each further one is reached with chance ½.
    let further = floor(-log2(key.foldIn("length").uniform([], dtype: dtype)))
    let length = further + Double(exactTerms)
    let scale = self.scale(parameters)
    let series = Series(
      power: signs, sum: signs, value: Tensor.zeros(Shape(x.shape.dropLast()), dtype: dtype),
      index: Tensor.zeros([], dtype: dtype))
    let last = Series(
      whileLoop(
        initial: series.carries, condition: { Series($0).index .< length },
        body: { carries in
          var next = Series(carries)
          let product = pullback(next.power, x, parameters) - scale * next.power
          next.advance(to: product / (1 + scale), signs, exactTerms)
          return next.carries
        }, maxIterations: 10_000))
    // Whose derivative is that of the series with the vector held.
    let product = pullback(stopGradient(last.sum), x, parameters)
    let slope = ((product - scale * stopGradient(last.sum)) / (1 + scale) * signs).sum(axis: -1)
    return stopGradient(last.value) + slope - stopGradient(slope) + Double(n) * log1p(scale)
  }
}

/// The power series of an estimate, up to some term.
private struct Series {
  /// (Gᵀ)ᵏ v.
  var power: Tensor
  /// Σ (−Gᵀ)ᵏ v, weighted.
  var sum: Tensor
  /// Σ (−1)ᵏ⁺¹ vᵀGᵏv / k, weighted.
  var value: Tensor
  /// k.
  var index: Tensor

  init(power: Tensor, sum: Tensor, value: Tensor, index: Tensor) {
    (self.power, self.sum, self.value, self.index) = (power, sum, value, index)
  }

  init(_ carries: [Tensor]) {
    self.init(power: carries[0], sum: carries[1], value: carries[2], index: carries[3])
  }

  var carries: [Tensor] { [power, sum, value, index] }

  /// The series with the next term.
  mutating func advance(to power: Tensor, _ signs: Tensor, _ exactTerms: Int) {
    index = index + 1
    self.power = power
    // One over the chance, and the sign of −(−1)ᵏ.
    let weight = exp2(maximum(index - Double(exactTerms), 0))
    let sign = 1 - 2 * ((index + 1) % 2)
    value = value + sign * weight / index * (signs * power).sum(axis: -1)
    sum = sum - sign * weight * power
  }
}
