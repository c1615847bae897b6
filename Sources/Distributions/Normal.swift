internal import Foundation

/// The normal distribution with mean `loc` and standard deviation `scale`.
///
/// log p(x) = −½ ((x − loc) / scale)² − log scale − ½ log 2π
public struct Normal: Distribution {
  public let loc: Tensor
  public let scale: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .real }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) {
    requireParameter(scale, .positive, "Normal", "scale")
    requireParameter(loc, .real, "Normal", "loc")
    self.loc = loc
    self.scale = scale
    batchShape = Distributions.batchShape(of: "Normal", [("loc", loc), ("scale", scale)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let centered = loc.literalScalar == 0 ? value : value - loc
    return overBatch(
      logProb(standardized: scale.literalScalar == 1 ? centered : centered / scale))
  }

  private func logProb(standardized z: Tensor) -> Tensor {
    minusHalf * square(z) - logNormalizer
  }

  /// log scale + ½ log 2π, computed at once where the scale is a literal.
  private var logNormalizer: Tensor {
    guard let scale = scale.literalScalar else { return log(scale) + halfLog2Pi }
    return Tensor(floatLiteral: Foundation.log(scale) + halfLog2PiValue)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    moved(noise(shape, key, dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let z = noise(shape, key, dtype)
    return (moved(z), logProb(standardized: z))
  }

  /// Standard normal numbers scaled and shifted.
  private func moved(_ z: Tensor) -> Tensor {
    let scaled = scale.literalScalar == 1 ? z : scale * z
    return loc.literalScalar == 0 ? scaled : loc + scaled
  }

  private func noise(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    key.normal(shape + batchShape, dtype: drawDType([loc, scale], dtype))
  }

  public func expanded(to batchShape: Shape) -> Normal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { loc.broadcast(to: batchShape) }
  public var variance: Tensor { square(scale).broadcast(to: batchShape) }
}

// Shared nodes: a density is built anew at every step.
/// ½ log 2π.
private let halfLog2PiValue = 0.918938533204672741780329736405617640
let halfLog2Pi = Tensor(floatLiteral: halfLog2PiValue)
let minusHalf: Tensor = -0.5
