extension Constraint {
  /// Whether numbers of the set are known to lie beyond the bounds of another one.
  func exceeds(_ other: Constraint) -> Bool {
    guard let own = numericBounds, let bounds = other.numericBounds else { return false }
    return own.lowerBound < bounds.lowerBound || own.upperBound > bounds.upperBound
  }

  /// Between which numbers the elements of its values lie, where that is known; the bounds
  /// themselves may or may not belong to the set.
  private var numericBounds: ClosedRange<Double>? {
    switch kind {
    case is RealNumbers: -.infinity ... .infinity
    case is SoftplusPositive: 0 ... .infinity
    case let line as HalfLine:
      line.bound.number.map { line.side == .above ? $0 ... .infinity : -.infinity...$0 }
    case let interval as Interval:
      interval.lower.number.flatMap { lower in interval.upper.number.map { lower...$0 } }
    case let set as IndependentSet: set.base.numericBounds
    case is SimplexVectors: 0...1
    case is SphereVectors, is L1BallVectors: -1...1
    case let set as OrderedVectors: (set.arePositive ? 0 : -.infinity) ... .infinity
    default: nil
    }
  }
}
