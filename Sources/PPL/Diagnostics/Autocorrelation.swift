public import Tensors

/// The autocovariance of a series along an axis, lag by lag from 0: the mean product of deviations
/// from the mean that lie `lag` apart, over the n − lag pairs there are.
///
/// Costs n operations for each lag.
///
/// - Parameter lags: how many lags, all n of them if nil.
public func autocovariance(_ series: Tensor, lags: Int? = nil, axis: Int = 0) -> Tensor {
  let axis = series.shape.normalized(axis: axis, "autocovariance")
  let length = series.shape[axis]
  let lags = lags ?? length
  precondition(
    lags > 0 && lags <= length,
    "autocovariance: expected between 1 and \(length) lags of a series of \(length), got \(lags)")
  let rows = series.cast(to: .float64).movingAxisLast(axis)
  let all = rows.array()
  let covariances = stride(from: 0, to: all.count, by: length).flatMap { start in
    let deviations = Deviations(all[start..<start + length])
    return (0..<lags).map { deviations.productSum($0) / Double(length - $0) }
  }
  return Tensor(covariances, shape: rows.shape.dropLast() + [lags]).movingLastAxis(to: axis)
}

/// The autocorrelation of a series along an axis: its autocovariance divided by that at lag 0, and 1
/// for a constant series.
///
/// - Parameter lags: how many lags, all of them if nil.
public func autocorrelation(_ series: Tensor, lags: Int? = nil, axis: Int = 0) -> Tensor {
  let covariance = autocovariance(series, lags: lags, axis: axis)
  let variance = covariance.slice(0..<1, along: axis)
  return `where`(variance .== 0, 1, covariance / `where`(variance .== 0, 1, variance))
}

/// A series' deviations from its mean.
struct Deviations {
  private let values: [Double]

  init(_ series: some Collection<Double>) {
    let mean = series.mean
    values = series.map { $0 - mean }
  }

  /// The sum of products of deviations that lie `lag` apart.
  func productSum(_ lag: Int) -> Double {
    values.withUnsafeBufferPointer { values in
      var sum = 0.0
      for index in 0..<(values.count - lag) { sum += values[index] * values[index + lag] }
      return sum
    }
  }
}

extension Tensor {
  fileprivate func movingAxisLast(_ axis: Int) -> Tensor {
    transposed(to: (0..<rank).filter { $0 != axis } + [axis])
  }

  fileprivate func movingLastAxis(to axis: Int) -> Tensor {
    var axes = Array(0..<(rank - 1))
    axes.insert(rank - 1, at: axis)
    return transposed(to: axes)
  }
}
