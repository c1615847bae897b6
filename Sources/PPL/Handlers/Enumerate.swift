import Distributions
import Tensors

/// Runs a model with all of its discrete latent sites marked for enumeration: Pyro's
/// `config_enumerate`.
///
/// Sites that are marked otherwise keep their marks; those with infinitely many values are left
/// alone.
public func configEnumerate<Result>(
  _ how: InferConfig.Enumeration = .parallel, _ model: () throws -> Result
) rethrows -> Result {
  try inferConfig(
    { site in
      guard !site.isObserved, site.infer.enumeration == nil,
        site.distribution is any EnumerableDistribution
      else { return nil }
      var config = site.infer
      config.enumeration = how
      return config
    }, model)
}

/// Gives the sites that are marked for enumeration a value that stands for all, or one of those to
/// be taken one after the other.
///
/// Nothing else changes: a value that stands for all has the shape of a draw. What is computed from
/// it is computed for all values afterwards, by batching the graph over it.
final class EnumerateHandler: Handler {
  enum Side {
    /// The guide, with the positions of the values that its first sequential sites take; others take
    /// their first.
    case guide([Int])
    case model
  }

  private struct State {
    /// The position of the value that each sequential site took, of how many.
    var taken: [(position: Int, count: Int)] = []
    var error: EnumerationError?
  }

  private let side: Side
  private let recorder = TraceRecorder()
  private let state = Locked(State())

  init(_ side: Side) { self.side = side }

  func process(_ site: inout Site) {
    guard site.kind == .sample, !site.isObserved, site.value == nil,
      var how = site.infer.enumeration
    else { return }
    guard let distribution = site.distribution as? any EnumerableDistribution else {
      let kind = site.distribution.map { "\(type(of: $0))" } ?? "nothing"
      note(.notEnumerable(site.name, distribution: kind))
      return
    }
    // In a plate each copy has a value of its own: they are taken all at once.
    if case .guide = side, !site.plates.isEmpty { how = .parallel }
    let support = distribution.enumerateSupport(expanded: false, dtype: site.dtype)
    let shape = distribution.batchShape + distribution.eventShape
    switch (how, side) {
    case (.sequential, .model): note(.sequentialInModel(site.name))
    case (.sequential, .guide(let positions)):
      let position = take(of: support.shape[0], positions)
      site.value = support.selecting(position, along: 0).broadcast(to: shape)
      site.enumeration = .sequential
    case (.parallel, _):
      let any = support.selecting(0, along: 0).broadcast(to: shape)
      site.value = Tensor.traced(any, recorder)
      site.enumeration = .parallel(support: support)
    }
  }

  /// Draws whose gradient is that of their score are constants for all others.
  func postprocess(_ site: inout Site) {
    guard case .guide = side, site.isScored, let value = site.value else { return }
    site.value = stopGradient(value)
    site.logProb = nil
  }

  private func take(of count: Int, _ positions: [Int]) -> Int {
    state.withLock { state in
      let number = state.taken.count
      let position = number < positions.count ? positions[number] : 0
      state.taken.append((position, count))
      return position
    }
  }

  private func note(_ error: EnumerationError) {
    state.withLock { if $0.error == nil { $0.error = error } }
  }

  /// Checks that the run can be used.
  func requireSuccess() throws(EnumerationError) {
    if let error = state.withLock({ $0.error }) { throw error }
    if let read = recorder.descriptions.first { throw .readsValue(read) }
  }

  /// The positions of the values to take next, nil after the last: those of the last site that has
  /// more values run fastest.
  var next: [Int]? {
    let taken = state.withLock { $0.taken }
    guard let last = taken.lastIndex(where: { $0.position + 1 < $0.count }) else { return nil }
    return taken[..<last].map(\.position) + [taken[last].position + 1]
  }
}
