/// Estimates the covariance of the points it is shown (Welford 1962).
///
/// The estimate has a little of the last metric added, which keeps it positive definite. Stan adds
/// as little of the identity, which for coordinates of a small scale is much.
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

  mutating func add(_ point: PhasePoint) {
    let position = point.position
    count += 1
    let before = (0..<dimension).map { position[$0] - mean[$0] }
    for index in 0..<dimension { mean[index] += before[index] / Double(count) }
    switch kind {
    case .diagonal:
      for index in 0..<dimension { sums[index] += before[index] * (position[index] - mean[index]) }
    case .dense:
      for row in 0..<dimension {
        for column in 0..<dimension {
          sums[row * dimension + column] += before[row] * (position[column] - mean[column])
        }
      }
    }
  }

  /// The metric to go on with: `last` if there are too few points for another.
  func metric(after last: Metric) -> Metric {
    guard count > 1 else { return last }
    let n = Double(count)
    let covariance = last.blended(1e-3 * 5 / (n + 5), sums.map { n / (n + 5) * $0 / (n - 1) })
    return Metric(kind, covariance: covariance, dimension: dimension) ?? last
  }
}
