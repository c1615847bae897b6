/// The covariance that a sampler supposes, in whose terms it measures distances: the inverse of what
/// is called the mass matrix.
public enum MetricKind: Sendable {
  /// One variance per coordinate.
  case diagonal
  /// Variances and covariances.
  case dense
}

struct Metric: Sendable {
  let dimension: Int
  private let kind: MetricKind
  /// Variances, or the covariance by rows.
  private let covariance: [Double]
  /// Standard deviations, or the lower Cholesky factor by rows.
  private let factor: [Double]

  /// The identity.
  init(_ kind: MetricKind, dimension: Int) {
    self.dimension = dimension
    self.kind = kind
    switch kind {
    case .diagonal: covariance = [Double](repeating: 1, count: dimension)
    case .dense:
      covariance = (0..<dimension * dimension).map { $0 % (dimension + 1) == 0 ? 1 : 0 }
    }
    factor = covariance
  }

  /// - Parameter covariance: variances, or a matrix by rows.
  ///
  /// Nil if it is not positive definite.
  init?(_ kind: MetricKind, covariance: [Double], dimension: Int) {
    let factor =
      kind == .diagonal
      ? Metric.deviations(covariance) : Metric.cholesky(covariance, dimension)
    guard let factor else { return nil }
    self.dimension = dimension
    self.kind = kind
    self.covariance = covariance
    self.factor = factor
  }

  /// Writes a momentum: normal with the inverse of the covariance.
  func draw(into momentum: UnsafeMutablePointer<Double>, _ generator: inout HostGenerator) {
    for index in 0..<dimension { momentum[index] = generator.normal() }
    switch kind {
    case .diagonal: for index in 0..<dimension { momentum[index] /= factor[index] }
    case .dense: solveTransposed(momentum)
    }
  }

  /// Writes covariance · momentum.
  func multiply(
    _ momentum: UnsafeMutablePointer<Double>, into velocity: UnsafeMutablePointer<Double>
  ) {
    covariance.withUnsafeBufferPointer { covariance in
      switch kind {
      case .diagonal:
        for index in 0..<dimension { velocity[index] = covariance[index] * momentum[index] }
      case .dense:
        // Column by column, so that the sums need not wait for each other.
        for row in 0..<dimension { velocity[row] = 0 }
        for column in 0..<dimension {
          let part = covariance[(column * dimension)...]
          for row in 0..<dimension {
            velocity[row] += part[column * dimension + row] * momentum[column]
          }
        }
      }
    }
  }

  /// The covariance with a multiple of another one's added.
  func blended(_ weight: Double, _ own: [Double]) -> [Double] {
    zip(own, covariance).map { $0 + weight * $1 }
  }

  private static func deviations(_ variances: [Double]) -> [Double]? {
    variances.allSatisfy { $0 > 0 && $0.isFinite } ? variances.map { $0.squareRoot() } : nil
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

  /// Replaces b by the x with Lᵀ x = b.
  private func solveTransposed(_ x: UnsafeMutablePointer<Double>) {
    for row in (0..<dimension).reversed() {
      for below in row + 1..<max(dimension, row + 1) {
        x[row] -= factor[below * dimension + row] * x[below]
      }
      x[row] /= factor[row * dimension + row]
    }
  }
}
