/// The ranks of true values among posterior draws, over many simulations.
public struct Calibration: Sendable, CustomStringConvertible {
  /// The ranks of one number.
  public struct Quantity: Sendable {
    /// The site, with an index where it has several elements.
    public let name: String
    /// How many draws the true value was ranked among.
    public let draws: Int
    /// For each simulation how many draws were below the true value.
    public internal(set) var ranks: [Int] = []

    /// How many ranks fell in each of some bins of equal width.
    public func histogram(bins: Int = 10) -> [Int] {
      precondition(bins > 0, "histogram: bins must be positive, got \(bins)")
      var counts = [Int](repeating: 0, count: bins)
      for rank in ranks { counts[rank * bins / (draws + 1)] += 1 }
      return counts
    }

    /// The probability of ranks that stray as far from uniform as these.
    public var pValue: Double { rankTest.pValue(ranks) }

    /// For k = 1, …, `draws`: the part of the ranks below k, and the range it stays in, for all k at
    /// once, with the probability `level` if ranks are uniform.
    public func ecdf(level: Double = 0.95) -> (
      values: [Double], lower: [Double], upper: [Double]
    ) {
      precondition(level > 0 && level < 1, "ecdf: level must be between 0 and 1, got \(level)")
      let (test, total) = (rankTest, Double(ranks.count))
      let bands = test.bands(level: level)
      return (
        test.cumulative(ranks).map { Double($0) / total },
        bands.map { Double($0.lowerBound) / total }, bands.map { Double($0.upperBound) / total }
      )
    }

    private var rankTest: RankTest { RankTest(simulations: ranks.count, draws: draws) }
  }

  /// In the order of the sites.
  public let quantities: [Quantity]

  init(_ quantities: [Quantity]) { self.quantities = quantities }

  /// The ranks of an element; nil if there is none of that name.
  public subscript(name: String) -> Quantity? { quantities.first { $0.name == name } }

  /// The probability of ranks of which any stray as far from uniform as the worst of these:
  /// Bonferroni's bound.
  public var pValue: Double {
    min(1, (quantities.map(\.pValue).min() ?? 1) * Double(quantities.count))
  }

  /// A line for each number: its p-value, and the histogram of its ranks. ∪ stands for draws that
  /// are too narrow, ∩ for ones too wide, a slope for a bias.
  public var description: String {
    let width = max(quantities.map(\.name.count).max() ?? 0, 4) + 2
    let lines = quantities.map { quantity in
      let counts = quantity.histogram(bins: 10).map { String($0).leftPadding(to: 5) }.joined()
      return quantity.name.padding(to: width)
        + formatted(quantity.pValue, digits: 3).leftPadding(to: 10) + "  " + counts
    }
    return (["site".padding(to: width) + "p-value".leftPadding(to: 10) + "  ranks"] + lines)
      .joined(separator: "\n")
  }
}
