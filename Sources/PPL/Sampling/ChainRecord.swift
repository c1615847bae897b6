/// What a chain drew.
struct ChainRecord: Sendable {
  let dimension: Int
  /// Unconstrained draws, one after another.
  private(set) var draws: [Double] = []
  private(set) var logDensities: [Double] = []
  private(set) var transitions: [Transition] = []
  var stepSize = 0.0
  /// Evaluations of density and gradient, those of the warm-up included.
  var evaluations = 0

  init(dimension: Int, capacity: Int) {
    self.dimension = dimension
    draws.reserveCapacity(capacity * dimension)
    logDensities.reserveCapacity(capacity)
    transitions.reserveCapacity(capacity)
  }

  var count: Int { transitions.count }

  mutating func add(_ transition: Transition, _ point: PhasePoint) {
    draws.append(contentsOf: UnsafeBufferPointer(start: point.position, count: dimension))
    logDensities.append(point.logDensity)
    transitions.append(transition)
  }

  /// The chains of an interrupted run to report, cut to the shortest of them: those that keep the
  /// most draws.
  static func longest(_ records: [ChainRecord]) -> [ChainRecord] {
    func kept(_ length: Int) -> Int { length * records.count { $0.count >= length } }
    guard let length = records.map(\.count).max(by: { kept($0) < kept($1) }) else { return [] }
    return records.filter { $0.count >= length }
  }
}
