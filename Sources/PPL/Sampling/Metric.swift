import Foundation

/// The covariance that a sampler supposes, in whose terms it measures distances: the inverse of what
/// is called the mass matrix.
public enum MetricKind: Sendable {
  /// One variance per coordinate.
  case diagonal
  /// Variances and covariances.
  case dense
}

struct Metric: Sendable {
  private enum Form {
    case diagonal(variances: [Double], deviations: [Double])
    /// Row-major, with the lower Cholesky factor.
    case dense(covariance: [Double], factor: [Double])
  }

  private let form: Form
  let dimension: Int

  /// The identity.
  init(_ kind: MetricKind, dimension: Int) {
    self.dimension = dimension
    let ones = [Double](repeating: 1, count: dimension)
    switch kind {
    case .diagonal: form = .diagonal(variances: ones, deviations: ones)
    case .dense:
      var identity = [Double](repeating: 0, count: dimension * dimension)
      for index in 0..<dimension { identity[index * dimension + index] = 1 }
      form = .dense(covariance: identity, factor: identity)
    }
  }

  init(variances: [Double]) {
    dimension = variances.count
    form = .diagonal(variances: variances, deviations: variances.map { $0.squareRoot() })
  }

  /// Nil if the matrix is not positive definite.
  init?(covariance: [Double], dimension: Int) {
    guard let factor = Metric.cholesky(covariance, dimension) else { return nil }
    self.dimension = dimension
    form = .dense(covariance: covariance, factor: factor)
  }

  /// A momentum: normal with the inverse of the covariance.
  func momentum(_ generator: inout HostGenerator) -> [Double] {
    let noise = (0..<dimension).map { _ in generator.normal() }
    switch form {
    case .diagonal(_, let deviations): return zip(noise, deviations).map { $0 / $1 }
    case .dense(_, let factor): return Metric.solveTransposed(factor, noise)
    }
  }

  /// Covariance · momentum.
  func velocity(_ momentum: [Double]) -> [Double] {
    switch form {
    case .diagonal(let variances, _):
      return [Double](unsafeUninitializedCapacity: dimension) { buffer, count in
        for index in 0..<dimension { buffer[index] = variances[index] * momentum[index] }
        count = dimension
      }
    case .dense(let covariance, _):
      return (0..<dimension).map { row in
        var sum = 0.0
        for column in 0..<dimension {
          sum += covariance[row * dimension + column] * momentum[column]
        }
        return sum
      }
    }
  }

  private static func cholesky(_ matrix: [Double], _ size: Int) -> [Double]? {
    var factor = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row {
        var sum = matrix[row * size + column]
        for k in 0..<column { sum -= factor[row * size + k] * factor[column * size + k] }
        if row == column {
          guard sum > 0, sum.isFinite else { return nil }
          factor[row * size + row] = sum.squareRoot()
        } else {
          factor[row * size + column] = sum / factor[column * size + column]
        }
      }
    }
    return factor
  }

  /// x with Lᵀ x = b.
  private static func solveTransposed(_ factor: [Double], _ b: [Double]) -> [Double] {
    let size = b.count
    var x = b
    for row in stride(from: size - 1, through: 0, by: -1) {
      for below in row + 1..<max(size, row + 1) { x[row] -= factor[below * size + row] * x[below] }
      x[row] /= factor[row * size + row]
    }
    return x
  }
}

/// Estimates the covariance of the points it is shown (Welford 1962), drawn a little towards a small
/// multiple of the identity, as Stan does.
struct MetricEstimate {
  private let kind: MetricKind
  private let dimension: Int
  private var count = 0
  private var mean: [Double]
  /// Sums of squares of deviations, or of products of them.
  private var sums: [Double]

  init(_ kind: MetricKind, dimension: Int) {
    self.kind = kind
    self.dimension = dimension
    mean = [Double](repeating: 0, count: dimension)
    let size = kind == .dense ? dimension * dimension : dimension
    sums = [Double](repeating: 0, count: size)
  }

  mutating func add(_ point: [Double]) {
    count += 1
    let before = (0..<dimension).map { point[$0] - mean[$0] }
    for index in 0..<dimension { mean[index] += before[index] / Double(count) }
    switch kind {
    case .diagonal:
      for index in 0..<dimension { sums[index] += before[index] * (point[index] - mean[index]) }
    case .dense:
      for row in 0..<dimension {
        for column in 0..<dimension {
          sums[row * dimension + column] += before[row] * (point[column] - mean[column])
        }
      }
    }
  }

  /// The metric estimated; nil if there are too few points.
  var metric: Metric? {
    guard count > 1 else { return nil }
    let n = Double(count)
    let (weight, floor) = (n / (n + 5), 1e-3 * 5 / (n + 5))
    switch kind {
    case .diagonal:
      return Metric(variances: sums.map { weight * $0 / (n - 1) + floor })
    case .dense:
      var covariance = sums.map { weight * $0 / (n - 1) }
      for index in 0..<dimension { covariance[index * dimension + index] += floor }
      return Metric(covariance: covariance, dimension: dimension)
    }
  }
}
