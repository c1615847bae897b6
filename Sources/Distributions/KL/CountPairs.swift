extension Bernoulli: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Bernoulli).map { trialDivergence(self, $0) }
  }
}

extension Binomial: KLDivergenceDistribution {
  /// Of as many trials, that of one trial times their number.
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let q = q as? Binomial, totalCount.isKnownEqual(to: q.totalCount) else { return nil }
    return totalCount * trialDivergence(trial, q.trial)
  }

  /// One of the trials, in the form that the probability was given in.
  private var trial: Bernoulli { Bernoulli(like: parameters) }
}

extension Geometric: KLDivergenceDistribution {
  /// That of one trial times the mean number of trials.
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Geometric).map { q in
      trialDivergence(Bernoulli(like: parameters), Bernoulli(like: q.parameters)) / probs
    }
  }
}

extension Poisson: KLDivergenceDistribution {
  /// λ log(λ / μ) − λ + μ
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Poisson).map { q in
      let isNever = rate .== 0
      let logRatio = log(`where`(isNever, 1, rate) / q.rate)
      return `where`(isNever, q.rate, rate * logRatio + (q.rate - rate))
    }
  }
}

extension Categorical: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let q = q as? Categorical, categoryCount == q.categoryCount else { return nil }
    return expectedDifference(logits, q.logits).sum(axis: -1)
  }
}

extension OneHotCategorical: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? OneHotCategorical).map { expectedDifference(logits, $0.logits).sum(axis: -1) }
  }
}

extension Multinomial: KLDivergenceDistribution {
  /// Of as many trials, that of one trial times their number.
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let q = q as? Multinomial, totalCount.isKnownEqual(to: q.totalCount) else { return nil }
    return totalCount * expectedDifference(logits, q.logits).sum(axis: -1)
  }
}

/// Σ p (log p − log q) over both outcomes.
private func trialDivergence(_ p: Bernoulli, _ q: Bernoulli) -> Tensor {
  let terms = [0, 1].map { (x: Tensor) in expectedDifference(p.logProb(x), q.logProb(x)) }
  return terms[0] + terms[1]
}

extension Bernoulli {
  /// The probability among the arguments of a distribution of trials, in the form it was given in.
  fileprivate init(like parameters: [Parameter]) {
    if let probs = parameters.first(where: { $0.name == "probs" }) {
      self.init(probs: probs.value)
    } else if let logits = parameters.first(where: { $0.name == "logits" }) {
      self.init(logits: logits.value)
    } else {
      preconditionFailure("no probability among \(parameters.map(\.name))")
    }
  }
}
