public import Tensors

/// The sites of a model with their shapes: Pyro's `Trace.format_shapes`.
///
///     print(try shapes(of: eightSchools))
public struct SiteTable: Sendable, CustomStringConvertible {
  /// One site.
  public struct Row: Sendable, Equatable {
    public let name: String
    /// What the statement is; data are `observed`.
    public let kind: String
    /// The distribution's type, and the support of its values; that of a parameter its range.
    public let distribution: String?
    public let support: String?
    /// The plates it stands in, outermost first, with their sizes.
    public let plates: [String]
    public let batchShape: Shape
    public let eventShape: Shape
    /// The factor by which its log density counts.
    public let scale: Double
  }

  /// In the order in which the model meets them.
  public let rows: [Row]

  init(_ trace: Trace) {
    rows = trace.sites.filter { $0.kind != .plate }.map(Row.init)
  }

  /// The row of a site, nil if there is none of that name.
  public subscript(name: String) -> Row? { rows.first { $0.name == name } }

  /// Aligned columns; a scale of 1 is left out.
  public var description: String {
    let titles = ["site", "kind", "distribution", "support", "plates", "batch", "event", "scale"]
    let table = [titles] + rows.map(\.cells)
    let widths = titles.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { cells in
      let padded = zip(cells, widths).map { $0.padding(to: $1 + 2) }.joined()
      return String(padded.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}

extension SiteTable.Row {
  fileprivate init(_ site: Site) {
    name = site.name
    kind = site.isObserved && site.kind == .sample ? "observed" : "\(site.kind)"
    distribution = site.distribution.map(distributionName)
    support =
      site.distribution?.support.description
      ?? (site.kind == .param ? site.declaration?.constraint.description : nil)
    plates = site.plates.reversed().map { plate in
      plate.count == plate.size
        ? "\(plate.name) \(plate.size)" : "\(plate.name) \(plate.count) of \(plate.size)"
    }
    batchShape = site.distribution?.batchShape ?? []
    eventShape = site.distribution?.eventShape ?? site.value?.shape ?? []
    scale = site.scale
  }

  fileprivate var cells: [String] {
    [
      name, kind, distribution ?? "", support ?? "", plates.joined(separator: ", "),
      "\(batchShape)", "\(eventShape)", scale == 1 ? "" : "\(scale)",
    ]
  }
}

/// The name of a distribution's type, without marks of events and masks.
func distributionName(_ distribution: any Distribution) -> String {
  var name = "\(type(of: distribution))"
  for wrapper in ["Independent<", "Masked<", "Independent<"] where name.hasPrefix(wrapper) {
    name = String(name.dropFirst(wrapper.count).dropLast())
  }
  return name
}

/// Runs a model once and tells its sites: names, distributions, supports, plates and shapes.
///
/// - Throws: `ModelError.duplicateSite` if two sites share a name.
public func shapes<Result>(of model: @escaping () -> Result) throws -> SiteTable {
  let drawn = DrawnModel(model: { _ = model() }, parameters: nil)
  return SiteTable(try drawn.trace([:], key: RandomKey(0), dtype: .float64))
}
