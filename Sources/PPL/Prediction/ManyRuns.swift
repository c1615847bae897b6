import Tensors

/// Runs of a program with a key of its own for each, and with draws of some sites.
///
/// Run i has the same key whatever the number of runs.
struct ManyRuns {
  let count: Int
  let given: [(name: String, draws: Tensor)]
  private let keys: [Int]
  /// The runs computed at once are so few that no result has more elements than this.
  private static let pieceLimit = 1 << 22

  /// - Parameters:
  ///   - given: draws along the outermost axis, `count` of each site.
  ///   - fit: the key of the fit that the runs are of, if they are of one.
  init(
    _ count: Int, given: [(name: String, draws: Tensor)] = [], seed: Int, of fit: Int64? = nil,
    _ purpose: String
  ) {
    precondition(count > 0, "\(purpose): the number of draws must be positive, got \(count)")
    for (name, draws) in given {
      precondition(
        draws.rank > 0 && draws.shape[0] == count,
        "\(purpose): expected \(count) draws of site \"\(name)\", got the shape \(draws.shape)")
    }
    self.count = count
    self.given = given
    let first = RandomKey(seed).foldIn(purpose).hostValue
    let key = fit.map { RandomKey.hostFoldIn(first, Int($0)) } ?? first
    keys = (0..<count).map { Int(RandomKey.hostFoldIn(key, $0)) }
  }

  /// The dtype of draws whose distribution has literals for parameters: that of the given ones.
  var dtype: DType { given.first { $0.draws.dtype.isFloat }?.draws.dtype ?? .float64 }

  typealias Program = (RandomKey, [String: Tensor]) throws -> [(name: String, value: Tensor)]

  /// The program's results along a new outermost axis.
  ///
  /// The program is run once and its graph computed for all draws; where it reads values, it is run
  /// for each.
  func callAsFunction(_ program: Program) throws -> [(name: String, draws: Tensor)] {
    let recorder = TraceRecorder()
    let key = Tensor.traced(Tensor([keys[0]], shape: []), recorder)
    let values = given.map { Tensor.traced($0.draws.selecting(0, along: 0), recorder) }
    let results = try program(RandomKey(tensor: key), named(values))
    guard recorder.descriptions.isEmpty else { return try oneByOne(program) }
    let widest = results.map(\.value.count).max() ?? 1
    let size = max(1, min(count, ManyRuns.pieceLimit / max(widest, 1)))
    let pieces = stride(from: 0, to: count, by: size).map { start -> [Tensor] in
      let piece = start..<min(start + size, count)
      let leaves = [(key, Tensor(Array(keys[piece])))]
      let draws = zip(values, given).map { ($0, $1.draws.slice(piece, along: 0)) }
      let batched = batchingDependents(
        results.map(\.value), replacing: leaves + draws, size: piece.count)
      let all = zip(results, batched).map { result, draws in
        draws ?? result.value.broadcast(to: [piece.count] + result.value.shape)
      }
      eval(all)
      return all.map { $0.detached() }
    }
    return results.indices.map { index in
      let parts = pieces.map { $0[index] }
      return (results[index].name, parts.count == 1 ? parts[0] : concat(parts, along: 0))
    }
  }

  private func oneByOne(_ program: Program) throws -> [(name: String, draws: Tensor)] {
    let runs = try (0..<count).map { index in
      let values = given.map { $0.draws.selecting(index, along: 0) }
      let results = try program(
        RandomKey.host(Int64(keys[index])), named(values))
      eval(results.map(\.value))
      return results.map { (name: $0.name, value: $0.value.detached()) }
    }
    let late = runs.joined().first { run in !runs[0].contains { $0.name == run.name } }
    if let late { throw PredictionError.varyingSite(late.name) }
    return try runs[0].map { name, first in
      let values = runs.compactMap { run in run.first { $0.name == name }?.value }
      guard values.count == count, values.allSatisfy({ $0.shape == first.shape }) else {
        throw PredictionError.varyingSite(name)
      }
      return (name, stack(values))
    }
  }

  private func named(_ values: [Tensor]) -> [String: Tensor] {
    Dictionary(zip(given.map(\.name), values)) { first, _ in first }
  }
}
