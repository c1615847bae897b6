/// Vectors of any numbers onto increasing ones: y₁ = x₁, yₖ = yₖ₋₁ + exp xₖ; log det Σₖ₌₂ xₖ.
public struct Ordered: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var isAutoregressive: Bool { true }
  public var codomain: Constraint { .ordered }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let count = x.shape.last("Ordered")
    guard count > 1 else { return (x, Tensor.zeros(Shape(x.shape.dropLast()), dtype: x.dtype)) }
    let steps = x.slice(1..<count, along: -1)
    let y = concat([x.slice(0..<1, along: -1), exp(steps)], along: -1).cumulativeSum(along: -1)
    return (y, steps.sum(axis: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let count = y.shape.last("Ordered")
    guard count > 1 else { return (y, Tensor.zeros(Shape(y.shape.dropLast()), dtype: y.dtype)) }
    let steps = log(y.slice(1..<count, along: -1) - y.slice(0..<count - 1, along: -1))
    return (concat([y.slice(0..<1, along: -1), steps], along: -1), -steps.sum(axis: -1))
  }
}

/// Vectors of K probabilities to K − 1 increasing cut points: yₖ = anchor + logit(x₁ + … + xₖ).
///
/// The cut points at which an ordered logistic outcome has these probabilities when its predictor
/// is `anchor`. The log determinant is that of the first K − 1 probabilities: −Σ log(s (1 − s))
/// over the sums s.
public struct SimplexToOrdered: Bijector, Equatable {
  private let anchor: Tensor

  /// - Parameter anchor: a number, or one for each element of the batch.
  public init(anchor: Tensor = 0) { self.anchor = anchor }

  public var eventRank: Int { 1 }
  public var domain: Constraint { .simplex }
  public var codomain: Constraint { .ordered }
  public static func == (a: SimplexToOrdered, b: SimplexToOrdered) -> Bool {
    a.anchor.isKnownEqual(to: b.anchor)
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.withLast(shape.last("SimplexToOrdered") - 1)
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    shape.withLast(shape.last("SimplexToOrdered") + 1)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let count = x.shape.last("SimplexToOrdered") - 1
    let below = log(x.cumulativeSum(along: -1).slice(0..<count, along: -1))
    let above = log(
      x.flipped(along: -1).cumulativeSum(along: -1).flipped(along: -1)
        .slice(1..<count + 1, along: -1))
    let y = below - above + anchorColumn
    return (y, -(below + above).sum(axis: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let t = y - anchorColumn
    let count = t.shape.last("SimplexToOrdered")
    // A difference of sigmoids is a product: σ(b) − σ(a) = σ(b) σ(−a) (1 − exp(a − b)).
    let (a, b) = (t.slice(0..<count - 1, along: -1), t.slice(1..<count, along: -1))
    let inner = sigmoid(b) * sigmoid(-a) * -expm1(a - b)
    let first = sigmoid(t.slice(0..<1, along: -1))
    let last = sigmoid(-t.slice(count - 1..<count, along: -1))
    let logDet = (logSigmoid(t) + logSigmoid(-t)).sum(axis: -1)
    return (concat([first, inner, last], along: -1), logDet)
  }

  private var anchorColumn: Tensor { anchor.rank == 0 ? anchor : anchor.expandingDims(at: -1) }
}
