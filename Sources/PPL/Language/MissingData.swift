public import Distributions
import Tensors

/// Data of which only some is known: where `observedMask` is true, `observed` conditions the model,
/// elsewhere the value is drawn.
///
/// Makes an observed site `name_observed`, which counts where the data are known, a latent one
/// `name_unobserved`, and a deterministic one `name` with the values of either. The latent site has
/// numbers for known data too, which nothing depends on: they are standard normal over unconstrained
/// numbers, which leaves evidence and posterior as they are.
///
/// - Parameter observedMask: of the distribution's batch shape, or broadcast to it.
@discardableResult
public func sample(
  _ name: String, _ distribution: some Distribution, observed: Tensor, observedMask: Tensor,
  infer: InferConfig? = nil
) -> Tensor {
  sample("\(name)_observed", distribution.mask(observedMask), observed: observed)
  let drawn = sampleMissing("\(name)_unobserved", distribution, .!observedMask, infer)
  return deterministic(name, `where`(distribution.overEvents(observedMask), observed, drawn))
}

extension Distribution {
  /// A mask of the batch for each element of the events.
  fileprivate func overEvents(_ mask: Tensor) -> Tensor {
    (0..<eventShape.rank).reduce(mask) { mask, _ in mask.expandingDims(at: -1) }
  }
}

private func sampleMissing(
  _ name: String, _ distribution: some Distribution, _ isMissing: Tensor, _ infer: InferConfig?
) -> Tensor {
  // The masses of what is summed out, or drawn, have the sum 1 as they are.
  if distribution.support.isDiscrete { return sample(name, distribution, infer: infer) }
  return sample(name, Missing(distribution, isMissing), infer: infer)
}

/// A distribution of what is missing, with a fixed one in the place of what is not.
///
/// A density of 0 there would be of no distribution: evidence and chains would have no bound.
private struct Missing<Base: Distribution>: Distribution {
  private let base: Base
  private let isMissing: Tensor

  init(_ base: Base, _ isMissing: Tensor) {
    self.base = base
    self.isMissing = isMissing
  }

  var batchShape: Shape { base.batchShape }
  var eventShape: Shape { base.eventShape }
  var support: Constraint { base.support }
  var parameters: [Parameter] { base.parameters }
  var isReparameterized: Bool { base.isReparameterized }

  /// Standard normal over the unconstrained numbers of the support.
  private var fixed: TransformedDistribution<Independent<Normal>> {
    let bijector = support.bijector
    let shape = bijector.inverseShape(batchShape + eventShape)
    let noise = Normal(0, 1).expanded(to: shape).toEvent(shape.rank - batchShape.rank)
    return TransformedDistribution(noise, [bijector])
  }

  func logProb(_ value: Tensor) -> Tensor {
    `where`(isMissing, base.logProb(value), fixed.logProb(value))
  }

  func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let drawn = base.sample(shape, key: key, dtype: dtype)
    let other = fixed.sample(shape, key: key.foldIn("known"), dtype: drawn.dtype)
    return `where`(overEvents(isMissing), drawn, other)
  }

  func expanded(to batchShape: Shape) -> Missing {
    Missing(base.expanded(to: batchShape), isMissing)
  }
}
