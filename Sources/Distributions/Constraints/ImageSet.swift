/// The values of a bijector at the points of a set.
struct ImageSet: ConstraintSet {
  let base: Constraint
  let map: any Bijector

  init(base: Constraint, bijector: any Bijector) {
    self.base = base
    map = bijector
  }

  var eventRank: Int { base.eventRank + map.valueRank - map.eventRank }
  var isDiscrete: Bool { base.isDiscrete }
  var description: String { "a value of \(type(of: map)) at a point that is \(base)" }
  var bijector: any Bijector { Compose([base.bijector, map]) }

  /// Whether the point that a value came from is in the set.
  func contains(_ value: Tensor) -> Tensor {
    let codomain = map.codomain
    let excess = eventRank - codomain.eventRank
    var isValue = codomain.contains(value)
    if excess > 0 { isValue = isValue.all(axes: (1...excess).map { -$0 }) }
    return isValue .&& base.contains(map.inverse(value))
  }

  static func == (a: ImageSet, b: ImageSet) -> Bool {
    a.base == b.base && a.map.isEqual(to: b.map)
  }
}

/// A set of numbers that a scale and a shift lead to a set of the same kind.
protocol AffinelyMovable {
  func moved(shift: Tensor, scale: Tensor, isRising: Bool) -> Constraint
}

extension HalfLine: AffinelyMovable {
  func moved(shift: Tensor, scale: Tensor, isRising: Bool) -> Constraint {
    Constraint(
      HalfLine(
        bound: bound.value.moved(shift, scale), isRising == (side == .above) ? .above : .below,
        isClosed: isClosed))
  }
}

extension SoftplusPositive: AffinelyMovable {
  func moved(shift: Tensor, scale: Tensor, isRising: Bool) -> Constraint {
    HalfLine(bound: 0, .above, isClosed: false)
      .moved(shift: shift, scale: scale, isRising: isRising)
  }
}

extension Interval: AffinelyMovable {
  func moved(shift: Tensor, scale: Tensor, isRising: Bool) -> Constraint {
    let ends = (lower.value.moved(shift, scale), upper.value.moved(shift, scale))
    return Constraint(
      isRising
        ? Interval(
          lower: ends.0, upper: ends.1, includesLower: includesLower, includesUpper: includesUpper)
        : Interval(
          lower: ends.1, upper: ends.0, includesLower: includesUpper, includesUpper: includesLower))
  }
}

extension Tensor {
  /// shift + scale · bound, a literal if all three are.
  fileprivate func moved(_ shift: Tensor, _ scale: Tensor) -> Tensor {
    guard let a = shift.literalScalar, let b = scale.literalScalar, let bound = literalScalar else {
      return shift + scale * self
    }
    return Tensor(floatLiteral: a + b * bound)
  }
}
