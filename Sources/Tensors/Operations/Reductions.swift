internal import CTensorKernels

/// Combines the elements along adjacent axes, which the result does not have.
final class ReduceOperation: ReductionOperation {
  enum Kind: Int32, CaseIterable {
    case sum, prod, max, min
  }

  let kind: Kind
  let axes: Range<Int>
  var name: String { "\(kind)" }

  init(_ kind: Kind, _ axes: Range<Int>) {
    self.kind = kind
    self.axes = axes
  }

  // CTK_SUM, CTK_PROD, CTK_RMAX, CTK_RMIN are numbered in this order.
  var code: Int32 { kind.rawValue }

  func encodeAttributes(into key: inout [Int]) {
    key += [Int(code), axes.lowerBound, axes.upperBound]
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let x = inputs[0]
    let ct = cotangent.with(cotangent.tensor.broadcast(to: result.shape).restoring(axes))
    let y = result.restoring(axes)
    switch kind {
    case .sum: return [ct]
    case .prod: return [ct * productOfOthers(x)]
    case .max, .min:
      let winners = (x .== y).cast(to: x.dtype)
      return [ct * (winners / winners.sum(axes: Array(axes), keepingAxes: true))]
    }
  }

  /// The product of all other elements, right also where some are zero: exclusive products from
  /// both ends.
  private func productOfOthers(_ x: Tensor) -> Tensor {
    let extent = axes.reduce(1) { $0 * x.shape[$1] }
    let flat = x.reshaped(
      to: Shape(x.shape[..<axes.lowerBound]) + [extent] + Shape(x.shape[axes.upperBound...]))
    let axis = axes.lowerBound
    guard extent > 1 else { return x * 0 + 1 }
    var edge = flat.shape
    edge[axis] = 1
    let one = Tensor.ones(edge, dtype: x.dtype)
    func exclusive(_ t: Tensor) -> Tensor {
      concat([one, t.sliced(along: axis, start: 0, count: extent - 1)], along: axis)
        .cumulativeProduct(along: axis)
    }
    let others = exclusive(flat) * exclusive(flat.flipped(along: axis)).flipped(along: axis)
    return others.reshaped(to: x.shape)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].reduced(kind, axes.lowerBound + 1..<axes.upperBound + 1)
  }
}

extension Tensor {
  /// With axes of extent one put back where a reduction took them.
  func restoring(_ axes: Range<Int>) -> Tensor {
    var dims = Array(shape)
    dims.insert(contentsOf: repeatElement(1, count: axes.count), at: axes.lowerBound)
    return reshaped(to: Shape(dims))
  }

  func reduced(_ kind: ReduceOperation.Kind, _ axes: Range<Int>) -> Tensor {
    if axes.isEmpty { return self }
    let result = axes.count == rank ? [] : shape.reducing(Set(axes), keepingAxes: false)
    return Tensor(
      Node(ReduceOperation(kind, axes), node, shape: result, dtype: dtype, isWeak: node.isWeak))
  }

  /// Reduces any set of axes (nil: all of them): runs of adjacent ones, innermost first.
  func reduced(_ kind: ReduceOperation.Kind, _ axes: [Int]?, _ keepingAxes: Bool) -> Tensor {
    if axes == nil && !keepingAxes && dtype.isFloat { return reduced(kind, 0..<rank) }
    let axes = axes ?? Array(0..<rank)
    let sorted = Set(axes.map { shape.normalized(axis: $0, "reduction") }).sorted()
    var result = dtype == .bool && kind.rawValue < 2 ? cast(to: .int64) : self
    var end = sorted.count
    while end > 0 {
      var begin = end - 1
      while begin > 0 && sorted[begin - 1] == sorted[begin] - 1 { begin -= 1 }
      result = result.reduced(kind, sorted[begin]..<sorted[end - 1] + 1)
      end = begin
    }
    return keepingAxes
      ? result.reshaped(to: shape.reducing(Set(sorted), keepingAxes: true)) : result
  }

  private var allAxes: [Int] { Array(0..<rank) }

  /// The sum along some axes (default: all of them); 0 of no elements.
  public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    reduced(.sum, axes, keepingAxes)
  }

  public func sum(axis: Int, keepingAxes: Bool = false) -> Tensor {
    sum(axes: [axis], keepingAxes: keepingAxes)
  }

  /// The product along some axes (default: all of them); 1 of no elements.
  public func product(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    reduced(.prod, axes, keepingAxes)
  }

  /// The largest element along some axes (default: all); NaN if one is; −∞ of no elements. Equal
  /// largest elements share the derivative.
  public func max(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    reduced(.max, axes, keepingAxes)
  }

  public func max(axis: Int, keepingAxes: Bool = false) -> Tensor {
    max(axes: [axis], keepingAxes: keepingAxes)
  }

  /// The smallest element along some axes (default: all); NaN if one is; +∞ of no elements.
  public func min(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    reduced(.min, axes, keepingAxes)
  }

  public func min(axis: Int, keepingAxes: Bool = false) -> Tensor {
    min(axes: [axis], keepingAxes: keepingAxes)
  }

  /// The mean along some axes (default: all of them); NaN of no elements.
  public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = axes ?? allAxes
    let count = Set(axes.map { shape.normalized(axis: $0, "mean") }).reduce(1) { $0 * shape[$1] }
    return asFloat.sum(axes: axes, keepingAxes: keepingAxes) / Double(count)
  }

  public func mean(axis: Int, keepingAxes: Bool = false) -> Tensor {
    mean(axes: [axis], keepingAxes: keepingAxes)
  }

  /// Whether some element of a mask is true, along some axes (default: all of them).
  public func any(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    precondition(dtype == .bool, "any: expected a mask, got a tensor of dtype \(dtype)")
    return reduced(.max, axes, keepingAxes)
  }

  /// Whether every element of a mask is true, along some axes (default: all of them).
  public func all(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    precondition(dtype == .bool, "all: expected a mask, got a tensor of dtype \(dtype)")
    return reduced(.min, axes, keepingAxes)
  }

  /// log Σ exp along some axes (default: all of them), without overflow; −∞ where all are −∞.
  public func logSumExp(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = axes ?? allAxes
    let peak = stopGradient(max(axes: axes, keepingAxes: true))
    // A peak of ±∞ is not subtracted: ∞ − ∞ would be NaN.
    let shift = `where`(isFinite(peak), peak, 0)
    let total = log(exp(self - shift).sum(axes: axes, keepingAxes: true)) + shift
    return keepingAxes
      ? total
      : total.reshaped(
        to: shape.reducing(
          Set(axes.map { shape.normalized(axis: $0, "logSumExp") }), keepingAxes: false))
  }

  public func logSumExp(axis: Int, keepingAxes: Bool = false) -> Tensor {
    logSumExp(axes: [axis], keepingAxes: keepingAxes)
  }

  /// exp x / Σ exp x along an axis, without overflow; NaN where all are −∞.
  public func softmax(axis: Int) -> Tensor {
    let parts = exp(self - stopGradient(max(axis: axis, keepingAxes: true)))
    return parts / parts.sum(axis: axis, keepingAxes: true)
  }

  /// The logarithm of `softmax`, also where that underflows.
  public func logSoftmax(axis: Int) -> Tensor {
    self - logSumExp(axis: axis, keepingAxes: true)
  }
}
