/// Whole numbers between two bounds, both included, all equally probable.
///
/// log p(x) = −log(high − low + 1), for x = low, …, high
public struct DiscreteUniform: MomentDistribution {
  public let low: Tensor
  public let high: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .integers(from: low, to: high) }
  public var parameters: [Parameter] {
    [Parameter("low", low, .integer), Parameter("high", high, .integer)]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - low: a whole number.
  ///   - high: a whole number of at least `low`.
  public init(_ low: Tensor, _ high: Tensor) {
    requireParameter(low, .integer, "DiscreteUniform", "low")
    requireParameter(high, .integer, "DiscreteUniform", "high")
    if let low = low.literalScalar, let high = high.literalScalar {
      precondition(low <= high, "DiscreteUniform: low \(low) is above high \(high)")
    }
    self.low = low
    self.high = high
    batchShape = Distributions.batchShape(of: "DiscreteUniform", [("low", low), ("high", high)])
  }

  private var extent: Tensor { high - low + 1 }

  public func logProb(_ value: Tensor) -> Tensor { onSupport(-log(extent), value) }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([low, high], dtype)
    // 53 random bits, so that every one of many values can occur.
    let u = key.uniform(shape + batchShape, dtype: .float64)
    return minimum(low + floor(u * extent), high).cast(to: dtype)
  }

  public func expanded(to batchShape: Shape) -> DiscreteUniform {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { (0.5 * (low + high)).broadcast(to: batchShape) }
  public var variance: Tensor { ((square(extent) - 1) / 12).broadcast(to: batchShape) }
}

extension DiscreteUniform: EntropyDistribution {
  public var entropy: Tensor { log(extent).broadcast(to: batchShape) }
}

extension DiscreteUniform: QuantileDistribution {
  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(clamp((floor(value) - low + 1) / extent, 0, 1))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let isInside = (probability .>= 0) .&& (probability .<= 1)
    let guess = maximum(low + ceil(probability * extent) - 1, low)
    // The product may be rounded across a whole number.
    let least = `where`(
      (guess .> low) .&& (cdf(guess - 1) .>= probability), guess - 1,
      `where`(cdf(guess) .< probability, guess + 1, guess))
    return overBatch(`where`(isInside, stopGradient(least), notANumber))
  }
}

/// The bounds must be the same in the whole batch.
extension DiscreteUniform: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    let lowest = homogeneous(low, "DiscreteUniform", "low")
    let count = homogeneous(high, "DiscreteUniform", "high") - lowest + 1
    let values = counts(count, dtype: drawDType([low, high], dtype)) + Double(lowest)
    return enumeration(values, expanded: expanded)
  }
}
