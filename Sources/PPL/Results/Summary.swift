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
    /// What Markov chains tell about themselves; nil for independent draws.
    public let convergence: Convergence?

    public init(
      _ name: String, _ mean: Double, _ standardDeviation: Double, _ quantiles: [Double],
      convergence: Convergence? = nil
    ) {
      self.name = name
      self.mean = mean
      self.standardDeviation = standardDeviation
      self.quantiles = quantiles
      self.convergence = convergence
    }
  }

  /// How far the statistics of a number can be relied on.
  public struct Convergence: Sendable, Equatable {
    /// The Monte Carlo standard error of the mean.
    public let standardError: Double
    public let bulkESS: Double
    public let tailESS: Double
    /// The larger one of those of ranks and of folded ranks.
    public let rHat: Double

    public init(standardError: Double, bulkESS: Double, tailESS: Double, rHat: Double) {
      self.standardError = standardError
      self.bulkESS = bulkESS
      self.tailESS = tailESS
      self.rHat = rHat
    }

    init(_ draws: ChainDraws) {
      let isUsable = draws.length >= 4 && draws.values.allSatisfy(\.isFinite)
      self.init(
        standardError: isUsable ? draws.standardError(.mean) : .nan,
        bulkESS: isUsable ? draws.effectiveSampleSize(.bulk) : .nan,
        tailESS: isUsable ? draws.effectiveSampleSize(.tail) : .nan,
        rHat: isUsable ? draws.rHat(.rank) : .nan)
    }
  }

  /// One row per number, in the order of the sites.
  public let rows: [Row]

  public init(_ rows: [Row]) { self.rows = rows }

  /// - Parameter draws: per site, independent draws along the outermost axis, at least one.
  public init(_ draws: [(name: String, draws: Tensor)]) {
    guard !draws.isEmpty else {
      rows = []
      return
    }
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

  /// - Parameter chains: per site, draws along two outer axes: chain, draw.
  public init(chains: [(name: String, draws: Tensor)]) {
    let elements = chains.flatMap { name, draws in
      precondition(
        draws.rank > 1 && draws.shape[0] * draws.shape[1] > 0,
        "Summary: no draws of site \"\(name)\" along axes for chains and draws")
      return ChainDraws.elements(draws)
    }
    let pooled = Summary(chains.map { ($0, $1.flatteningChains) })
    rows = zip(pooled.rows, elements).map { row, draws in
      Row(
        row.name, row.mean, row.standardDeviation, row.quantiles,
        convergence: Convergence(draws))
    }
  }

  /// The row of an element, nil if there is none of that name.
  public subscript(name: String) -> Row? { rows.first { $0.name == name } }

  /// A name for each element of a site: `x` for a scalar, else `x[0]`, `x[1]`, … or `x[0, 0]`, ….
  static func names(_ site: String, of shape: Shape) -> [String] {
    guard shape.rank > 0 else { return [site] }
    let indices = shape.reduce([[Int]]([[]])) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
    return indices.map { index in
      "\(site)[\(index.map(String.init).joined(separator: ", "))]"
    }
  }
}
