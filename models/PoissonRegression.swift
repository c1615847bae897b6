public import PPL

/// Regression of counts: their rate is the exponential of a linear predictor. Standard normal
/// weights, a wide normal intercept.
public struct PoissonRegression: Sendable {
  /// One row per observation.
  public let features: Tensor
  /// 0, 1, 2, … per observation.
  public let counts: Tensor

  public init(features: Tensor, counts: Tensor) {
    precondition(
      features.rank == 2 && counts.shape == [features.shape[0]],
      "PoissonRegression: features \(features.shape) for counts \(counts.shape)")
    self.features = features
    self.counts = counts
  }

  public func model() {
    let weights = sample("w", Normal(0, 1).expanded(to: [features.shape[1]]).toEvent(1))
    let intercept = sample("b", Normal(0, 10))
    plate("observations", features.shape[0]) {
      sample("count", Poisson(exp(matmul(features, weights) + intercept)), observed: counts)
    }
  }

  // MARK: Data

  /// New cases of AIDS in Belgium, 1981 to 1993 (Venables & Ripley 2002), on time and its square;
  /// time runs from −1 to 1.
  public static let belgium: PoissonRegression = {
    let time = Tensor.linspace(-1, 1, count: 13)
    return PoissonRegression(
      features: stack([time, square(time)], along: 1),
      counts: [12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246, 240])
  }()
}
