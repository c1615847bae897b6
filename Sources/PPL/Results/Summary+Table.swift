extension Summary {
  private static let statistics = ["mean", "sd", "5%", "50%", "95%"]
  private static let diagnostics = ["mcse", "ess_bulk", "ess_tail", "r_hat"]

  private var hasConvergence: Bool { rows.contains { $0.convergence != nil } }

  /// Aligned columns.
  public var description: String {
    let width = max(rows.map(\.name.count).max() ?? 0, 4) + 2
    let titles = Summary.statistics + (hasConvergence ? Summary.diagnostics : [])
    let lines = rows.map { $0.name.padding(to: width) + Summary.cells($0).joinedInColumns() }
    return (["site".padding(to: width) + titles.joinedInColumns()] + lines)
      .joined(separator: "\n")
  }

  private static func cells(_ row: Row) -> [String] {
    let numbers = [row.mean, row.standardDeviation] + row.quantiles
    return numbers.map { formatted($0, digits: 3) }
      + (row.convergence.map { convergence in
        [
          formatted(convergence.standardError, digits: 3),
          formatted(convergence.bulkESS, digits: 0), formatted(convergence.tailESS, digits: 0),
          formatted(convergence.rHat, digits: 3),
        ]
      } ?? [])
  }

  /// The table as comma-separated values: a line of titles, and a line for each number, with all
  /// digits.
  public var csv: String {
    let titles = ["site"] + Summary.statistics + (hasConvergence ? Summary.diagnostics : [])
    let lines = rows.map { row in
      let own = [row.mean, row.standardDeviation] + row.quantiles
      let convergence = row.convergence.map {
        [$0.standardError, $0.bulkESS, $0.tailESS, $0.rHat]
      }
      let cells = (own + (convergence ?? [])).map { "\($0)" }
      return ([Summary.quoted(row.name)] + cells).joined(separator: ",")
    }
    return ([titles.joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
  }

  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}

extension [String] {
  fileprivate func joinedInColumns() -> String { map { $0.leftPadding(to: 10) }.joined() }
}
