internal import CTensorKernels

/// Running sums, products, maxima or minima along one axis.
final class CumulativeOperation: ArrayOperation {
  let kind: ReduceOperation.Kind
  private let axis: Int
  var name: String { "cumulative \(kind)" }

  init(_ kind: ReduceOperation.Kind, axis: Int) {
    self.kind = kind
    self.axis = axis
  }

  func encodeAttributes(into key: inout [Int]) { key += [Int(kind.rawValue), axis] }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    return ArrayInstruction(
      ctk_cumulative(kind.rawValue, dtype.kernelCode), AxisExtents(shape, axis).descriptor,
      for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let x = inputs[0]
    switch kind {
    case .sum: return [cotangent.with(ct.reverseCumulativeSum(axis))]
    case .prod: return [productDerivative(cotangent.with(ct), x)]
    case .max, .min:
      // The last element equal to the running extreme is the winner.
      let steps = Tensor.arange(x.shape[axis]).aligned(to: axis, rank: x.rank)
      let winners = `where`(x .== result, steps, Tensor(0)).cumulative(.max, axis)
      return [cotangent.with(ct.putAlong(winners, axis: axis, extent: x.shape[axis]))]
    }
  }

  /// x̄ⱼ = (Πᵢ₌₁..ⱼ₋₁ xᵢ) Sⱼ with Sⱼ = ȳⱼ + xⱼ₊₁ Sⱼ₊₁: no division, so right also with zeros. The
  /// recurrence is unrolled by doubling, each round joining runs twice as long.
  private func productDerivative(_ ct: Cotangent, _ x: Tensor) -> Cotangent {
    let extent = x.shape[axis]
    var sums = ct
    var factors = x.shifted(by: -1, along: axis, fill: 0)
    var reach = 1
    while reach < extent {
      sums = sums + sums.with(sums.tensor.shifted(by: -reach, along: axis, fill: 0)) * factors
      factors = factors * factors.shifted(by: -reach, along: axis, fill: 0)
      reach *= 2
    }
    return sums * x.shifted(by: 1, along: axis, fill: 1).cumulative(.prod, axis)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].cumulative(kind, axis + 1)
  }
}

extension AxisExtents {
  var descriptor: ctk_reduce_desc {
    ctk_reduce_desc(outer: Int64(outer), reduced: Int64(extent), inner: Int64(inner))
  }
}

extension Tensor {
  fileprivate func cumulative(_ kind: ReduceOperation.Kind, _ axis: Int) -> Tensor {
    let x = dtype == .bool ? cast(to: .int64) : self
    return Tensor(
      Node(
        CumulativeOperation(kind, axis: axis), x.node, shape: shape, dtype: x.dtype,
        isWeak: node.isWeak))
  }

  fileprivate func reverseCumulativeSum(_ axis: Int) -> Tensor {
    flipped(along: axis).cumulative(.sum, axis).flipped(along: axis)
  }

  /// The elements moved along an axis by `distance` (negative: towards its start), with `fill`
  /// where none arrive.
  fileprivate func shifted(by distance: Int, along axis: Int, fill: Double) -> Tensor {
    let extent = shape[axis]
    let count = Swift.min(distance.magnitude, UInt(extent))
    var edge = shape
    edge[axis] = Int(count)
    let filler = Tensor.full(edge, fill, dtype: dtype)
    let rest = sliced(
      along: axis, start: distance > 0 ? 0 : Int(count), count: extent - Int(count))
    return concat(distance > 0 ? [filler, rest] : [rest, filler], along: axis)
  }

  /// A vector as a tensor of `rank` axes that varies along one.
  fileprivate func aligned(to axis: Int, rank: Int) -> Tensor {
    var dims = [Int](repeating: 1, count: rank)
    dims[axis] = count
    return reshaped(to: Shape(dims))
  }

  /// The sum of each element and those before it along an axis.
  public func cumulativeSum(along axis: Int = -1) -> Tensor {
    cumulative(.sum, shape.normalized(axis: axis, "cumulativeSum"))
  }

  /// The product of each element and those before it along an axis.
  public func cumulativeProduct(along axis: Int = -1) -> Tensor {
    cumulative(.prod, shape.normalized(axis: axis, "cumulativeProduct"))
  }

  /// The largest of each element and those before it along an axis; NaN from the first NaN on. The
  /// derivative goes to the last of equal ones.
  public func cumulativeMax(along axis: Int = -1) -> Tensor {
    cumulative(.max, shape.normalized(axis: axis, "cumulativeMax"))
  }

  /// The smallest of each element and those before it along an axis; NaN from the first NaN on. The
  /// derivative goes to the last of equal ones.
  public func cumulativeMin(along axis: Int = -1) -> Tensor {
    cumulative(.min, shape.normalized(axis: axis, "cumulativeMin"))
  }

  /// log Σ exp over each element and those before it along an axis, without overflow and without
  /// loss where a large element follows small ones: joined in runs of doubling length.
  public func cumulativeLogSumExp(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "cumulativeLogSumExp")
    let extent = shape[axis]
    var result = asFloat
    var reach = 1
    while reach < extent {
      let head = result.sliced(along: axis, start: 0, count: reach)
      let tail = logAddExp(
        result.sliced(along: axis, start: reach, count: extent - reach),
        result.sliced(along: axis, start: 0, count: extent - reach))
      result = concat([head, tail], along: axis)
      reach *= 2
    }
    return result
  }
}
