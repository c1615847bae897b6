/// What a model did: its sites in the order they were met.
public struct Trace: Sendable {
  public var sites: [Site] { records.map(\.site) }

  /// A site as it was met. An object, so that no more copies of it are made, and so that no trace
  /// needs a large block of memory.
  final class Record: Sendable {
    let site: Site

    init(_ site: Site) { self.site = site }
  }
  private var records: [Record] = []
  /// Positions by name, kept once there are too many sites to look through.
  private var index: [String: Int] = [:]
  private static let searchLimit = 24

  /// Apart from the records, where they are found faster.
  private var names: [String] = []
  private var kinds: [Site.Kind] = []

  public init() {}

  /// An empty trace with room for as many sites as most models have.
  static func roomy() -> Trace {
    var trace = Trace()
    trace.records.reserveCapacity(16)
    trace.names.reserveCapacity(16)
    trace.kinds.reserveCapacity(16)
    return trace
  }

  public subscript(name: String) -> Site? { position(of: name).map { records[$0].site } }

  private func position(of name: String) -> Int? {
    if records.count > Trace.searchLimit { return index[name] }
    return names.firstIndex(of: name)
  }

  /// The value drawn at a site, nil if there is none of this kind and name.
  func drawnValue(_ name: String, _ kind: Site.Kind) -> Tensor? {
    guard let position = position(of: name), kinds[position] == kind else { return nil }
    return records[position].site.isObserved ? nil : records[position].site.value
  }

  /// The values that mutable sites have from the next step on, in the order they were set.
  public private(set) var assignments: [(name: String, value: Tensor)] = []

  /// Whether some draw needs a score function.
  private(set) var hasScoredDraws = false

  /// Adds a site.
  ///
  /// - Throws: `ModelError.duplicateSite` if the name is taken.
  mutating func add(_ record: Record) throws(ModelError) {
    let (kind, name) = (record.site.kind, record.site.name)
    if kind == .assignment, let value = record.site.value {
      return assignments.append((name, value))
    }
    if let position = position(of: name) {
      if record.site.mayRepeat && kinds[position] == kind { return }
      throw .duplicateSite(name, table: table())
    }
    if record.site.isScored { hasScoredDraws = true }
    records.append(record)
    names.append(name)
    kinds.append(kind)
    if records.count > Trace.searchLimit { extendIndex() }
  }

  private mutating func extendIndex() {
    for position in index.count..<records.count { index[names[position]] = position }
  }

  /// The sites of a kind whose names a rule picks.
  func sites(of kind: Site.Kind, where isWanted: (String) -> Bool = { _ in true }) -> [Site] {
    var result: [Site] = []
    for index in kinds.indices where kinds[index] == kind && isWanted(names[index]) {
      result.append(records[index].site)
    }
    return result
  }

  /// The random variables that were not observed.
  var latentSites: [Site] { sites.filter(\.isLatent) }

  /// The plates that its sites stand in, and those that drew a subset, each once.
  public var plates: [Site.Plate] {
    var seen: Set<String> = []
    return sites.flatMap(\.plates).filter { seen.insert($0.name).inserted }
  }

  /// Σ log density over all sites, with their scales.
  public func logProbSum() -> Tensor {
    var total: Tensor?
    for position in kinds.indices where kinds[position] == .sample || kinds[position] == .factor {
      guard let term = records[position].site.logProbSum() else { continue }
      total = total.map { $0 + term } ?? term
    }
    return total ?? 0
  }

  /// The sites with their shapes, one per line.
  public func table() -> String {
    let width = (sites.map(\.name.count).max() ?? 0) + 2
    return sites.map { site in
      let name = site.name.padding(to: width)
      let kind = (site.isObserved ? "observed" : "\(site.kind)").padding(to: 15)
      let batch = site.distribution.map { "batch \($0.batchShape) event \($0.eventShape)" }
      return "  \(name)\(kind)\(batch ?? site.value.map { "shape \($0.shape)" } ?? "")"
    }.joined(separator: "\n")
  }
}

extension String {
  func padding(to width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }
}

/// Records every site that reaches it.
final class TraceHandler: Handler {
  private struct State {
    var trace = Trace.roomy()
    var error: ModelError?
  }
  private let state = Locked(State())

  func postprocess(_ site: inout Site) {
    let record = Trace.Record(site)
    state.withLock { state in
      do throws(ModelError) {
        try state.trace.add(record)
      } catch {
        if state.error == nil { state.error = error }
      }
    }
  }

  func result() throws(ModelError) -> Trace {
    let state = state.withLock { $0 }
    if let error = state.error { throw error }
    return state.trace
  }
}

/// Runs a model and returns what it did; what the model returns is dropped.
///
/// - Throws: `ModelError.duplicateSite` if two sites share a name.
public func trace<Result>(_ model: () throws -> Result) throws -> Trace {
  let handler = TraceHandler()
  _ = try handle(model, with: handler)
  return try handler.result()
}
