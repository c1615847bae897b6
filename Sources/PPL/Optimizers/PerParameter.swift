/// Different rules for different parameters, chosen by name.
///
/// ```swift
/// PerParameter(["*.scale": Adam(0.001), "offset": SGD(0)], default: Adam(0.01))
/// ```
///
/// A parameter follows the first rule whose pattern is its name, where `*` stands for any
/// characters, or else the default. A rate of 0 keeps a parameter as it is. Each rule sees its
/// parameters as one vector, so a norm it clips is theirs; to clip the norm of all, clip the whole:
/// `PerParameter(…).clipped(norm: 10)`.
public struct PerParameter: Optimizer {
  private let rules: KeyValuePairs<String, any Optimizer>
  private let fallback: any Optimizer

  public init(
    _ rules: KeyValuePairs<String, any Optimizer>, default fallback: any Optimizer
  ) {
    self.rules = rules
    self.fallback = fallback
  }

  public func resolved(for parameters: [ParameterRange]) -> any Optimizer {
    var members = [[ParameterRange]](repeating: [], count: rules.count + 1)
    for parameter in parameters {
      let rule = rules.firstIndex { PerParameter.matches(parameter.name, $0.key) }
      members[rule ?? rules.count].append(parameter)
    }
    return Grouped(
      groups: zip(rules.map(\.value) + [fallback], members).map(Grouped.Group.init))
  }

  /// Whether a pattern stands for a name.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    var parts = pattern.split(separator: "*", omittingEmptySubsequences: false)[...]
    guard let head = parts.popFirst(), name.hasPrefix(head) else { return false }
    guard let tail = parts.popLast() else { return name == pattern }
    var rest = name.dropFirst(head.count)
    for part in parts where !part.isEmpty {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(tail)
  }

  // A vector without names follows the default.

  public func initialState(_ parameters: Tensor) -> [Tensor] { fallback.initialState(parameters) }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    fallback.update(parameters, gradient, state, step: step)
  }

  public func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor {
    fallback.result(parameters, state)
  }
}

/// Rules that share a vector. The state is that of each rule in turn.
private struct Grouped: Optimizer {
  /// A rule and the parts of the vector it moves, in their order.
  struct Group {
    let rule: any Optimizer
    let ranges: [Range<Int>]

    /// Neighbours become one range, and the rule is told where it will find its parameters.
    init(_ rule: any Optimizer, _ members: [ParameterRange]) {
      var ranges: [Range<Int>] = []
      var own: [ParameterRange] = []
      var count = 0
      for member in members {
        if let last = ranges.last, last.upperBound == member.range.lowerBound {
          ranges[ranges.count - 1] = last.lowerBound..<member.range.upperBound
        } else {
          ranges.append(member.range)
        }
        own.append(
          ParameterRange(name: member.name, range: count..<count + member.range.count))
        count += member.range.count
      }
      self.rule = rule.resolved(for: own)
      self.ranges = ranges
    }

    func gather(_ vector: Tensor) -> Tensor {
      ranges.isEmpty
        ? Tensor.zeros([0], dtype: vector.dtype) : concat(ranges.map { vector.slice($0) })
    }
  }

  let groups: [Group]

  func initialState(_ parameters: Tensor) -> [Tensor] {
    groups.flatMap { $0.rule.initialState($0.gather(parameters)) }
  }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    var moved: [Tensor] = []
    var next: [Tensor] = []
    for (group, part, own) in split(parameters, state) {
      // A rule without parameters has nothing to do yet.
      let update =
        group.ranges.isEmpty
        ? (parameters: part, state: own)
        : group.rule.update(part, group.gather(gradient), own, step: step)
      moved.append(update.parameters)
      next += update.state
    }
    return (merge(moved, parameters), next)
  }

  func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor {
    merge(split(parameters, state).map { $0.rule.result($1, $2) }, parameters)
  }

  /// Each group with its parameters and its state.
  private func split(
    _ parameters: Tensor, _ state: [Tensor]
  ) -> [(group: Group, parameters: Tensor, state: [Tensor])] {
    var rest = state[...]
    return groups.map { group in
      let own = group.gather(parameters)
      let count = group.rule.initialState(own).count
      defer { rest = rest.dropFirst(count) }
      return (group, own, Array(rest.prefix(count)))
    }
  }

  /// The groups' vectors, put back to where they were gathered.
  private func merge(_ parts: [Tensor], _ whole: Tensor) -> Tensor {
    var pieces: [(start: Int, values: Tensor)] = []
    for (group, part) in zip(groups, parts) {
      var offset = 0
      for range in group.ranges {
        pieces.append((range.lowerBound, part.slice(offset..<offset + range.count)))
        offset += range.count
      }
    }
    guard !pieces.isEmpty else { return whole }
    return concat(pieces.sorted { $0.start < $1.start }.map(\.values))
  }
}
