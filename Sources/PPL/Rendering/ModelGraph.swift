import Tensors

/// Which sites of a model are computed from which.
///
///     try renderModel(eightSchools).write(to: "model.svg")
public struct ModelGraph: Sendable {
  /// What a node stands for.
  public enum Kind: Sendable {
    case latent
    case observed
    case deterministic
    case param
    case factor
  }

  /// A site.
  public struct Node: Sendable {
    public let name: String
    public let kind: Kind
    /// The distribution's type.
    public let distribution: String?
    /// The plates it stands in, outermost first.
    public let plates: [Site.Plate]
  }

  /// The second site is computed from the first one, without another in between.
  public struct Edge: Sendable, Hashable {
    public let from: String
    public let to: String

    public init(from: String, to: String) {
      self.from = from
      self.to = to
    }
  }

  /// In the order in which the model meets them.
  public let nodes: [Node]
  /// In the order of the nodes they lead to.
  public let edges: [Edge]

  fileprivate init(_ records: [ProvenanceHandler.Record]) {
    nodes = records.map { record in
      let site = record.site
      return Node(
        name: site.name, kind: Kind(site),
        distribution: site.kind == .sample ? site.distribution.map(distributionName) : nil,
        plates: record.plates.reversed())
    }
    let leaves = records.compactMap(\.site.value)
    let results = records.map { [$0.computed, $0.site.computedLogProb()] }
    let dependence = Dependence(of: results.flatMap { $0 }, on: leaves)
    edges = records.indices.flatMap { index in
      let sources = results[index].reduce(into: Set<Int>()) { $0.formUnion(dependence[$1]) }
      return sources.sorted().filter { $0 != index }.map {
        Edge(from: records[$0].site.name, to: records[index].site.name)
      }
    }
  }
}

extension ModelGraph.Kind {
  fileprivate init(_ site: Site) {
    self =
      switch site.kind {
      case .sample: site.isObserved ? .observed : .latent
      case .deterministic: .deterministic
      case .factor: .factor
      case .param, .mutable, .plate, .assignment: .param
      }
  }
}

/// Runs a model once and tells which of its sites are computed from which: Pyro's `render_model`.
///
/// What a site is computed from is what its distribution's parameters, or its value, depend on in the
/// graph of the computation. Choices that Swift code makes by values it reads are not seen.
///
/// - Throws: `ModelError.duplicateSite` if two sites share a name.
public func renderModel<Result>(_ model: @escaping () -> Result) throws -> ModelGraph {
  let handler = ProvenanceHandler()
  let drawn = DrawnModel(model: { _ = handle(model, with: handler) }, parameters: nil)
  _ = try drawn.trace([:], key: RandomKey(0), dtype: .float64)
  return ModelGraph(handler.records)
}

/// Notes sites, and gives the rest of the program values that do not know where they come from.
private final class ProvenanceHandler: Handler {
  struct Record {
    /// With the value that the program goes on with.
    let site: Site
    /// What that value was computed as.
    let computed: Tensor
    /// Innermost first.
    let plates: [Site.Plate]
  }

  private let recorder = TraceRecorder()
  private let state = Locked<[Record]>([])

  var records: [Record] { state.withLock { $0 } }

  func postprocess(_ site: inout Site) {
    guard site.kind != .plate, site.kind != .assignment, let value = site.value else { return }
    // A parameter that is met again is the same node.
    if site.mayRepeat, let known = records.first(where: { $0.site.name == site.name }) {
      site.value = known.site.value
      return
    }
    site.value = Tensor.traced(value, recorder)
    site.logProb = nil
    var plates: [Site.Plate] = []
    HandlerFrame.visit {
      if let handler = $0.as(PlateHandler.self) { plates.append(handler.plate) }
    }
    let record = Record(site: site, computed: value, plates: plates)
    state.withLock { $0.append(record) }
  }
}
