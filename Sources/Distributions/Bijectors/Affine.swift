/// x ↦ shift + scale · x; log det log |scale|.
public struct Affine: Bijector, Equatable {
  private let shift: Tensor
  private let scale: Tensor

  /// - Parameter scale: not zero.
  public init(shift: Tensor, scale: Tensor) {
    requireNonzero(scale, "Affine", "scale")
    self.shift = shift
    self.scale = scale
  }

  public static func == (a: Affine, b: Affine) -> Bool {
    a.shift.isKnownEqual(to: b.shift) && a.scale.isKnownEqual(to: b.scale)
  }

  /// Bounds of an interval or a half-line move with the map.
  ///
  /// A scale computed by a model is not read: which side of a bound it leads to is then unknown,
  /// and membership is decided by the way back.
  public func image(of set: Constraint) -> Constraint {
    if set.isReal { return .real }
    if let number = scale.literalScalar {
      if let moved = set.kind as? any AffinelyMovable {
        return moved.moved(shift: shift, scale: scale, isRising: number > 0)
      }
    }
    return Constraint(ImageSet(base: set, bijector: self))
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let y = shift + scale * x
    return (y, logDet(like: y))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = (y - shift) / scale
    return (x, -logDet(like: x))
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.broadcast(with: shift.shape)?.broadcast(with: scale.shape) ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  private func logDet(like value: Tensor) -> Tensor {
    log(abs(scale)).cast(to: value.dtype).broadcast(to: value.shape)
  }
}

/// Stops the program where a number that was given is 0.
func requireNonzero(_ value: Tensor, _ bijector: StaticString, _ argument: StaticString) {
  let isZero = value.literalScalar.map { $0 == 0 } ?? (value.firstGivenElement { $0 == 0 } != nil)
  precondition(!isZero, "\(bijector): \(argument) must not be 0, got \(value)")
}
