/// Where a matrix may have elements other than zero, in blocks: for panels of its columns, which
/// rows, and for panels of its rows, which columns.
package final class BlockPattern: Sendable {
  /// Two runs of lines, or one, and which of their elements are in blocks.
  struct Panel: Sendable {
    let runs: [Range<Int>]
    let filled: [Range<Int>]
    private let isUsed: [Bool]

    /// - Parameter isUsed: of the elements of a line, those that are in a block of any.
    fileprivate init(_ runs: [Range<Int>], _ isUsed: [Bool]) {
      self.runs = runs
      self.isUsed = isUsed
      filled = BlockPattern.ranges(isUsed)
    }

    fileprivate func joined(_ other: Panel) -> Panel {
      Panel(runs + other.runs, zip(isUsed, other.isUsed).map { $0 || $1 })
    }

    /// A rough number of multiplications per row, two vectors being one.
    fileprivate var cost: Int { filled.reduce(0) { $0 + $1.count + overhead } }

    fileprivate func isBefore(_ other: Panel) -> Bool {
      (cost, other.runs[0].lowerBound) > (other.cost, runs[0].lowerBound)
    }
  }

  /// The columns or the rows of a matrix.
  struct Side: Sendable {
    let panels: [Panel]
    /// Whether the products of panels cost clearly less than that of the whole matrix.
    let isSparse: Bool

    fileprivate init(_ lines: [[Bool]], run: Int) {
      panels = BlockPattern.panels(lines, run)
      let count = panels.reduce(0) { $0 + $1.runs.reduce(0) { $0 + $1.count } }
      let whole = (lines.first?.count ?? 0) * padded(count, run) / run
      isSparse = 7 * 2 * panels.reduce(0) { $0 + $1.cost } <= 6 * whole
    }
  }

  struct Sides: Sendable {
    let columns, rows: Side
  }

  package let rows: Int
  package let columns: Int
  /// What tells the pattern from others.
  let words: [Int]
  private let eights: Sides
  private let sixteens: Sides

  /// The terms that could be computed in the time that another product takes up.
  fileprivate static let overhead = 4
  /// Runs of which the one is chosen that joins another best.
  private static let candidates = 8
  /// Multiplications below which the products are too small to be cut.
  static let leastWork = 1 << 18

  /// - Parameter isFilled: where elements may be other than zero, row by row.
  package init(rows: Int, columns: Int, isFilled: [Bool]) {
    precondition(
      isFilled.count == rows * columns,
      "BlockPattern: \(isFilled.count) elements of a matrix of shape [\(rows), \(columns)]")
    self.rows = rows
    self.columns = columns
    let down = (0..<columns).map { column in (0..<rows).map { isFilled[$0 * columns + column] } }
    let across = (0..<rows).map { Array(isFilled[$0 * columns..<($0 + 1) * columns]) }
    func sides(_ run: Int) -> Sides {
      Sides(columns: Side(down, run: run), rows: Side(across, run: run))
    }
    (eights, sixteens) = (sides(8), sides(16))
    let panels = [eights, sixteens].flatMap { $0.columns.panels + $0.rows.panels }
    words = [rows, columns] + panels.flatMap(BlockPattern.words)
  }

  /// Panels of runs as long as the longest vectors: shorter ones are no faster, longer ones leave out
  /// less.
  func sides(_ dtype: DType) -> Sides { dtype == .float64 ? eights : sixteens }

  /// Cuts lines into runs and joins those that differ little; the panels that cost most come first.
  private static func panels(_ lines: [[Bool]], _ run: Int) -> [Panel] {
    var single = runs(lines, run).map { run in
      Panel([run], lines[0].indices.map { index in lines[run].contains { $0[index] } })
    }.sorted { $0.isBefore($1) }
    var panels: [Panel] = []
    while !single.isEmpty {
      let first = single.removeFirst()
      let pairs = single.prefix(candidates).map(first.joined)
      let best = pairs.indices.min { pairs[$0].cost < pairs[$1].cost }
      if let best, pairs[best].cost < first.cost + single[best].cost {
        panels.append(pairs[best])
        single.remove(at: best)
      } else {
        panels.append(first)
      }
    }
    return panels.sorted { $0.isBefore($1) }
  }

  /// Neighbouring lines that differ little. A run that is short is at the end where lines have less.
  private static func runs(_ lines: [[Bool]], _ run: Int) -> [Range<Int>] {
    func filled(_ line: Int) -> Int { lines[line].count { $0 } }
    var runs: [Range<Int>] = []
    var start = 0
    for end in lines.indices.map({ $0 + 1 })
    where end == lines.count || !areAlike(lines[end - 1], lines[end]) {
      let isAscending = filled(start) < filled(end - 1)
      let first = start - (isAscending ? padded(end - start, run) - (end - start) : 0)
      runs += stride(from: first, to: end, by: run).map { ($0..<$0 + run).clamped(to: start..<end) }
      start = end
    }
    return runs
  }

  private static func areAlike(_ a: [Bool], _ b: [Bool]) -> Bool {
    4 * zip(a, b).count { $0 != $1 } <= a.count
  }

  /// Where elements are true, with small gaps closed.
  fileprivate static func ranges(_ elements: [Bool]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (index, isTrue) in elements.enumerated() where isTrue {
      if let last = ranges.last, index - last.upperBound <= overhead {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    return ranges
  }

  private static func padded(_ count: Int, _ run: Int) -> Int { (count + run - 1) / run * run }

  private static func words(_ panel: Panel) -> [Int] {
    [panel.runs.count, panel.filled.count]
      + (panel.runs + panel.filled).flatMap { [$0.lowerBound, $0.upperBound] }
  }

  /// Panels and ranges as the kernel wants them.
  static func table(_ panels: [Panel]) -> [UInt8] {
    var words: [Int32] = []
    var ranges: [Int32] = []
    for panel in panels {
      let runs = panel.runs + (panel.runs.count == 1 ? [0..<0] : [])
      words += (runs.map(\.lowerBound) + runs.map(\.count)).map(Int32.init)
      words += [Int32(ranges.count), Int32(panel.filled.count)]
      ranges += panel.filled.flatMap { [Int32($0.lowerBound), Int32($0.upperBound)] }
    }
    return (words + ranges).withUnsafeBytes { [UInt8]($0) }
  }
}
