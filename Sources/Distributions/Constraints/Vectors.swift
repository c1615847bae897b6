extension Constraint {
  /// Vectors of probabilities: numbers of at least 0 whose sum is 1 but for rounding (10⁻⁸ in
  /// float64, 10⁻⁵ in float32).
  public static let simplex = Constraint(SimplexVectors())
  /// Vectors with one 1 among zeros.
  public static let oneHot = Constraint(OneHotVectors())
  /// Vectors of length 1 but for rounding (10⁻⁸ in float64, 10⁻⁵ in float32).
  public static let sphere = Constraint(SphereVectors())
  /// Vectors whose magnitudes sum to at most 1, but for rounding (10⁻⁸ in float64, 10⁻⁵ in
  /// float32).
  public static let l1Ball = Constraint(L1BallVectors())
  /// Vectors whose sum is 0 but for rounding.
  public static let zeroSum = Constraint(ZeroSumArrays(axes: 1))

  /// Arrays whose sums along each of their `axes` innermost axes are 0 but for rounding: 10⁻⁸ in
  /// float64, 10⁻⁵ in float32, times the sum of magnitudes or 1, whichever is more.
  public static func zeroSum(axes: Int) -> Constraint {
    precondition(axes > 0, "zeroSum: at least one axis, got \(axes)")
    return Constraint(ZeroSumArrays(axes: axes))
  }

  /// Vectors of whole numbers of at least 0 whose sum is `total`.
  ///
  /// - Parameter total: of the batch's shape.
  public static func multinomial(total: Tensor) -> Constraint {
    Constraint(MultinomialSet(total: total))
  }
}

/// Vectors of probabilities.
struct SimplexVectors: ConstraintSet {
  let description = "on the simplex"
  var eventRank: Int { 1 }
  var bijector: any Bijector { StickBreaking() }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    let error = abs(value.sum(axis: -1) - 1)
    return (value .>= 0).allInVector() .&& (error .<= roundingTolerance(value))
  }
}

/// Vectors with one 1 among zeros.
struct OneHotVectors: ConstraintSet {
  let description = "one-hot"
  var eventRank: Int { 1 }
  var isDiscrete: Bool { true }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    return ((value .== 0) .|| (value .== 1)).allInVector() .&& (value.sum(axis: -1) .== 1)
  }
}

/// Vectors of counts with a given sum.
struct MultinomialSet: ConstraintSet {
  let total: Bound

  init(total: Tensor) { self.total = Bound(value: total) }

  var description: String { "counts with the sum \(total)" }
  var eventRank: Int { 1 }
  var isDiscrete: Bool { true }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    return ((value .>= 0) .&& (floor(value) .== value)).allInVector()
      .&& (value.sum(axis: -1) .== total.value)
  }
}

/// Vectors of length 1.
struct SphereVectors: ConstraintSet {
  let description = "on the unit sphere"
  var eventRank: Int { 1 }
  var bijector: any Bijector { Stereographic() }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    return abs(square(value).sum(axis: -1) - 1) .<= 2 * roundingTolerance(value)
  }
}

/// Vectors whose magnitudes sum to at most 1.
struct L1BallVectors: ConstraintSet {
  let description = "in the unit ball of the L¹ norm"
  var eventRank: Int { 1 }
  var bijector: any Bijector { L1Ball() }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    return abs(value).sum(axis: -1) .<= 1 + roundingTolerance(value)
  }
}

/// Arrays whose sums along each of their innermost axes are 0.
struct ZeroSumArrays: ConstraintSet {
  let axes: Int

  var description: String {
    axes == 1 ? "of sum zero" : "of sum zero along each of the last \(axes) axes"
  }
  var eventRank: Int { axes }
  var bijector: any Bijector { ZeroSum(axes: axes) }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    let inner = (1...axes).map { -$0 }
    let size = abs(value).sum(axes: inner)
    let allowed = roundingTolerance(value) * maximum(size, 1)
    let largest = inner.map { axis in
      let sums = abs(value.sum(axis: axis, keepingAxes: true))
      return sums.max(axes: inner)
    }
    return largest.map { ($0 .<= allowed) .&& (allowed .< .infinite) }.reduce(Tensor(true)) {
      $0 .&& $1
    }
  }
}
