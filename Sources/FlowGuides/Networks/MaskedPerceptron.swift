import PPL

/// A perceptron whose outputs, some for each coordinate, see what dependencies allow.
///
/// Every unit has a set of coordinates it may see, one of the sets that coordinates depend on; a
/// connection exists where the set of one unit contains that of the other. For a sequence these are
/// the degrees of Germain et al. (2015); for other graphs see Wehenkel and Louppe (2021). A context
/// is seen by all, and adds units that see nothing else.
struct MaskedPerceptron: Sendable {
  let perceptron: Perceptron
  let dependencies: Dependencies
  /// How many outputs each coordinate has. Output p of coordinate i is number p D + i.
  let outputsEach: Int
  /// For each layer of hidden units the stage at which each of them is known: 0 without any
  /// coordinates, s + 1 with those of stage s. Ascending.
  let stages: [[Int]]
  /// How many units a hidden layer needs for outputs to see all that they may.
  let leastWidth: Int

  init(
    _ network: some MaskedNetwork, _ dependencies: Dependencies, start: [Double],
    hasContext: Bool, name: String
  ) {
    self.dependencies = dependencies
    outputsEach = start.count
    let dimension = dependencies.dimension
    let kinds = UnitKind.all(dependencies, hasContext: hasContext)
    leastWidth = kinds.count
    let hidden = kinds.isEmpty ? [] : network.hidden
    let units = hidden.map { layer in
      network.unitKinds.spread(layer.width, over: kinds.count).map { kinds[$0] }
    }
    stages = units.map { $0.map(\.stage) }
    let outputs = start.indices.flatMap { _ in
      dependencies.parents.map { UnitKind(sees: $0, stage: 0) }
    }
    let inputs = (0..<dimension).map { coordinate in
      var sees = BitSet(capacity: dimension)
      sees.insert(coordinate)
      return UnitKind(sees: sees, stage: 0)
    }
    let layers = [inputs] + units + [outputs]
    let masks = zip(layers, layers.dropFirst()).map(UnitKind.mask)
    let full = Perceptron(
      hidden, network.activation, inputs: kinds.isEmpty ? 0 : dimension,
      start: start.flatMap { [Double](repeating: $0, count: dimension) }, name: name)
    perceptron = kinds.isEmpty ? full : full.masked(masks)
  }

  /// The outputs at x, each of them along the last axis for all coordinates.
  func callAsFunction(_ x: Tensor, _ context: Tensor?) -> [Tensor] {
    apart(perceptron(x, context))
  }

  /// The outputs, one by one.
  func apart(_ outputs: Tensor) -> [Tensor] {
    outputs.split([Int](repeating: dependencies.dimension, count: outputsEach), along: -1)
  }
}

extension UnitKinds {
  /// The kind of each unit of a layer, ascending: evenly, which is round(1 … count) − 1, or equally.
  fileprivate func spread(_ width: Int, over count: Int) -> [Int] {
    switch self {
    case .linspace:
      (0..<width).map { unit in
        let position = width > 1 ? Double(unit) / Double(width - 1) : 0
        return Int((1 + position * Double(count - 1)).rounded(.toNearestOrEven)) - 1
      }
    case .equal: (0..<width).map { $0 % count }.sorted()
    }
  }
}

/// What units have in common that see the same coordinates.
struct UnitKind: Sendable {
  let sees: BitSet
  let stage: Int

  /// The kinds that outputs need, in the order in which they are known.
  static func all(_ dependencies: Dependencies, hasContext: Bool) -> [UnitKind] {
    var seen: Set<BitSet> = []
    var kinds: [(kind: UnitKind, size: Int)] = []
    for (set, stage) in zip(dependencies.parents, dependencies.stages)
    where (hasContext || !set.isEmpty) && seen.insert(set).inserted {
      kinds.append((UnitKind(sees: set, stage: stage), set.count))
    }
    let order = kinds.indices.sorted {
      (kinds[$0].kind.stage, kinds[$0].size, $0) < (kinds[$1].kind.stage, kinds[$1].size, $1)
    }
    return order.map { kinds[$0].kind }
  }

  /// Where units of one layer may feed those of the next.
  static func mask(_ from: [UnitKind], _ to: [UnitKind]) -> [[Bool]] {
    from.map { a in to.map { b in a.sees.isSubset(of: b.sees) } }
  }
}
