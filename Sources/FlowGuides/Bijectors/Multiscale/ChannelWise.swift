public import PPL

/// A bijector of vectors applied to the channels of each pixel of images of shape … × channels ×
/// height × width. Its log determinant is the sum over pixels.
///
/// With a linear map it is an invertible 1 × 1 convolution (Kingma & Dhariwal 2018), with `ActNorm`
/// the normalisation of channels.
public struct ChannelWise: Bijector {
  private let base: any Bijector

  /// - Parameter base: a map of real vectors onto real vectors.
  public init(_ base: any Bijector) {
    precondition(
      base.eventRank == 1 && base.valueRank == 1,
      "ChannelWise: expected a map of vectors, got one of \(base.eventRank) axes")
    requireReal(base, "ChannelWise")
    self.base = base
  }

  public var eventRank: Int { 3 }
  public var isAutoregressive: Bool { base.isAutoregressive }
  public var isVolumePreserving: Bool { base.isVolumePreserving }
  public var startsNearIdentity: Bool { base.startsNearIdentity }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = base.forwardAndLogDet(pixels(x), context: spread(context))
    return (y.innermost([2, 0, 1]), logDet.sum(axes: [-1, -2]))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = base.inverseAndLogDet(pixels(y), context: spread(context))
    return (x.innermost([2, 0, 1]), logDet.sum(axes: [-1, -2]))
  }

  private func pixels(_ x: Tensor) -> Tensor { x.innermost([1, 2, 0]) }

  /// One context for all pixels of an image.
  private func spread(_ context: Tensor?) -> Tensor? {
    context.map { $0.expandingDims(at: -2).expandingDims(at: -2) }
  }
}
