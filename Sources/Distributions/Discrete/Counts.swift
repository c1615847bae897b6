// What distributions of counts have in common.

extension Distribution {
  /// A log mass on the support, −∞ elsewhere, spread over the batch.
  func onSupport(_ mass: Tensor, _ value: Tensor) -> Tensor {
    overBatch(`where`(support.contains(value), mass.following(value), logZero))
  }

  /// The distribution function of counts: `cdf` of the whole part, 0 below 0, NaN of NaN.
  func cdfOfCounts(_ value: Tensor, _ cdf: (Tensor) -> Tensor) -> Tensor {
    let share = `where`(value .< 0, 0, cdf(floor(value)).following(value))
    return overBatch(`where`(isNaN(value), notANumber, share))
  }

  /// All values, given as a tensor of shape [count] + eventShape, along a new first axis.
  func enumeration(_ values: Tensor, expanded: Bool) -> Tensor {
    let ones = Shape([Int](repeating: 1, count: batchShape.rank))
    let lone = values.reshaped(to: [values.shape[0]] + ones + eventShape)
    return expanded ? lone.broadcast(to: [values.shape[0]] + batchShape + eventShape) : lone
  }
}

extension EnumerableDistribution {
  /// −Σ p log p over all values of a distribution of numbers with parameters of the batch's axes.
  var enumeratedEntropy: Tensor {
    let values = parameters.map(\.value)
    let own = values.reduce(Shape()) { $0.broadcast(with: $1.shape) ?? $0 }
    let lone = expanded(to: own)
    let mass = lone.logProb(
      lone.enumerateSupport(expanded: false, dtype: drawDType(values, .float64)))
    let isPossible = mass .> logZero
    // Impossible values count 0, and so do their derivatives.
    let known = `where`(isPossible, mass, 0)
    let terms = `where`(isPossible, exp(known) * known, 0)
    return (-terms.sum(axis: 0)).broadcast(to: batchShape)
  }
}

/// 0, 1, …, count − 1.
func counts(_ count: Int, dtype: DType) -> Tensor { Tensor.arange(count).cast(to: dtype) }

/// The common value of the elements of a whole number on which the support depends; traps where they
/// differ, as the values to enumerate then are not the same in the whole batch.
func homogeneous(_ number: Tensor, _ distribution: StaticString, _ argument: StaticString) -> Int {
  let elements = number.literalScalar.map { [$0] } ?? number.array()
  guard let first = elements.first, elements.allSatisfy({ $0 == first }) else {
    preconditionFailure(
      "\(distribution): enumerateSupport needs one \(argument) for the whole batch, got \(elements)"
    )
  }
  return Int(first)
}

extension Tensor {
  /// A result of literal parameters takes the dtype of the value.
  func following(_ value: Tensor) -> Tensor {
    isLiteral && value.dtype.isFloat ? cast(to: value.dtype) : self
  }
}
