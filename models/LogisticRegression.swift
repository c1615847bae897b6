public import PPL

/// Bayesian logistic regression: standard normal weights, a wide normal intercept.
public struct LogisticRegression: Sendable {
  /// One row per observation.
  public let features: Tensor
  /// 0 or 1 per observation.
  public let labels: Tensor

  public init(features: Tensor, labels: Tensor) {
    precondition(
      features.rank == 2 && labels.shape == [features.shape[0]],
      "LogisticRegression: features \(features.shape) for labels \(labels.shape)")
    self.features = features
    self.labels = labels
  }

  public func model() {
    let weights = sample("w", Normal(0, 1).expanded(to: [features.shape[1]]).toEvent(1))
    let intercept = sample("b", Normal(0, 10))
    plate("observations", features.shape[0]) {
      sample(
        "label", Bernoulli(logits: matmul(features, weights) + intercept), observed: labels)
    }
  }
}
