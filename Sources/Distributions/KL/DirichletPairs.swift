extension Dirichlet: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Dirichlet).map { q in
      let (a, b) = (concentration, q.concentration)
      let total = a.sum(axis: -1, keepingAxes: true)
      let density =
        lgamma(total.squeezing(at: -1)) - lgamma(b.sum(axis: -1))
        + (lgamma(b) - lgamma(a)).sum(axis: -1)
      return density + ((a - b) * (digamma(a) - digamma(total))).sum(axis: -1)
    }
  }
}
