/// Posterior statistics of every element of every site.
public struct Summary: Sendable, CustomStringConvertible {
  /// The statistics of one number.
  public struct Row: Sendable, Equatable {
    /// The site, with an index where it has several elements.
    public let name: String
    public let mean: Double
    /// The square root of the sample variance, the sum of squares divided by n − 1.
    public let standardDeviation: Double
    /// The 5 %, 50 % and 95 % quantiles.
    public let quantiles: [Double]

    public init(
      _ name: String, _ mean: Double, _ standardDeviation: Double, _ quantiles: [Double]
    ) {
      self.name = name
      self.mean = mean
      self.standardDeviation = standardDeviation
      self.quantiles = quantiles
    }
  }

  /// One row per number, in the order of the sites.
  public let rows: [Row]

  public init(_ rows: [Row]) { self.rows = rows }

  /// - Parameter draws: per site, draws along the outermost axis, at least one.
  public init(_ draws: [(name: String, draws: Tensor)]) {
    // The elements of all sites as the rows of one matrix.
    let matrix = concat(
      draws.map { name, tensor in
        precondition(
          tensor.rank > 0 && tensor.shape[0] > 0, "Summary: no draws of site \"\(name)\"")
        let width = tensor.count / tensor.shape[0]
        return tensor.cast(to: .float64).reshaped(to: [tensor.shape[0], width]).transposed()
      }, along: 0)
    let names = draws.flatMap { Summary.names($0, of: Shape($1.shape.dropFirst())) }
    let mean = matrix.mean(axes: [1], keepingAxes: true)
    let squares = square(matrix - mean).sum(axis: 1)
    let deviation = sqrt(squares / Double(max(matrix.shape[1] - 1, 1)))
    let quantiles = matrix.quantiles([0.05, 0.5, 0.95], axis: 1)
    let statistics = concat([stack([mean.squeezing(at: 1), deviation]), quantiles], along: 0)
    let values = statistics.array()
    rows = names.enumerated().map { row, name in
      let own = (0..<5).map { values[$0 * names.count + row] }
      return Row(name, own[0], own[1], Array(own[2...]))
    }
  }

  /// The row of an element, nil if there is none of that name.
  public subscript(name: String) -> Row? { rows.first { $0.name == name } }

  /// A name for each element of a site: `x` for a scalar, else `x[0]`, `x[1]`, … or `x[0, 0]`, ….
  private static func names(_ site: String, of shape: Shape) -> [String] {
    guard shape.rank > 0 else { return [site] }
    let indices = shape.reduce([[Int]]([[]])) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
    return indices.map { index in
      "\(site)[\(index.map(String.init).joined(separator: ", "))]"
    }
  }

  public var description: String {
    let width = max(rows.map(\.name.count).max() ?? 0, 4) + 2
    let header = ["mean", "sd", "5%", "50%", "95%"].map { $0.leftPadding(to: 10) }.joined()
    let lines = rows.map { row in
      let numbers = [row.mean, row.standardDeviation] + row.quantiles
      return row.name.padding(to: width)
        + numbers.map { formatted($0, digits: 3).leftPadding(to: 10) }.joined()
    }
    return (["site".padding(to: width) + header] + lines).joined(separator: "\n")
  }
}
