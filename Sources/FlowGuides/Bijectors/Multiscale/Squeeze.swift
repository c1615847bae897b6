public import PPL

/// Images with every 2 × 2 square of pixels turned into channels (Dinh et al. 2017): of shape … ×
/// channels × height × width onto … × 4 channels × height / 2 × width / 2.
public struct Squeeze: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 3 }
  public var isVolumePreserving: Bool { true }

  public func forwardShape(_ shape: Shape) -> Shape {
    let (batch, c, h, w) = Squeeze.split(shape)
    precondition(
      h % 2 == 0 && w % 2 == 0, "Squeeze: height and width must be even, got \(h) × \(w)")
    return batch + [4 * c, h / 2, w / 2]
  }

  public func inverseShape(_ shape: Shape) -> Shape {
    let (batch, c, h, w) = Squeeze.split(shape)
    precondition(c % 4 == 0, "Squeeze: \(c) channels are not a multiple of four")
    return batch + [c / 4, 2 * h, 2 * w]
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let squeezed = forwardShape(x.shape)
    let (batch, c, h, w) = Squeeze.split(x.shape)
    let squares = x.reshaped(to: batch + [c, h / 2, 2, w / 2, 2])
    return (
      squares.innermost([0, 2, 4, 1, 3]).reshaped(to: squeezed), Squeeze.zeros(batch, x.dtype)
    )
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let whole = inverseShape(y.shape)
    let (batch, c, h, w) = Squeeze.split(y.shape)
    let squares = y.reshaped(to: batch + [c / 4, 2, 2, h, w])
    return (
      squares.innermost([0, 3, 1, 4, 2]).reshaped(to: whole), Squeeze.zeros(batch, y.dtype)
    )
  }

  private static func zeros(_ batch: Shape, _ dtype: DType) -> Tensor {
    Tensor.zeros(batch, dtype: dtype)
  }

  private static func split(_ shape: Shape) -> (batch: Shape, Int, Int, Int) {
    precondition(shape.rank >= 3, "Squeeze: expected channels × height × width, got \(shape)")
    let r = shape.rank
    return (Shape(shape.dropLast(3)), shape[r - 3], shape[r - 2], shape[r - 1])
  }
}

extension Tensor {
  /// The last axes in another order.
  func innermost(_ order: [Int]) -> Tensor {
    let outer = rank - order.count
    return transposed(to: Array(0..<outer) + order.map { outer + $0 })
  }
}
