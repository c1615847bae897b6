/// Where one set has points that another lacks.
enum Outside {
  /// As far as is known, nowhere.
  case nowhere
  /// For all elements of the batch.
  case everywhere
  /// For the elements of the batch where the mask is true.
  case masked(Tensor)
}

/// Where a distribution with the first support has mass outside of the second: a density needs a
/// density, and bounds must not be wider.
///
/// Bounds that belong to one set only make no difference to densities; of whole numbers both sets
/// have theirs.
func outside(_ p: Constraint, of q: Constraint) -> Outside {
  if p.isDiscrete != q.isDiscrete { return .everywhere }
  guard let p = p.elementRange, let q = q.elementRange else { return .nowhere }
  var masks: [Tensor] = []
  for (own, other, isBeyond) in [
    (p.lower, q.lower, { (a: Double, b: Double) in a < b }), (p.upper, q.upper, { $0 > $1 }),
  ] {
    guard let other else { continue }
    guard let own else { return .everywhere }
    if let own = own.literalScalar, let other = other.literalScalar {
      if isBeyond(own, other) { return .everywhere }
    } else {
      let isLower = isBeyond(0, 1)
      masks.append(isLower ? own .< other : own .> other)
    }
  }
  return masks.isEmpty ? .nowhere : .masked(masks.dropFirst().reduce(masks[0]) { $0 .|| $1 })
}

extension Constraint {
  /// The bounds of a set of numbers, nil where there is none; nil for other sets.
  fileprivate var elementRange: (lower: Tensor?, upper: Tensor?)? {
    switch kind {
    case is RealNumbers: (nil, nil)
    case is SoftplusPositive: (0, nil)
    case let set as HalfLine:
      set.side == .above ? (set.bound.value, nil) : (nil, set.bound.value)
    case let set as Interval: (set.lower.value, set.upper.value)
    case let set as Integers: (set.lower?.value, set.upper?.value)
    case is Boolean: (0, 1)
    default: nil
    }
  }
}
