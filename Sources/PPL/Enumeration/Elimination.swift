import Tensors

/// A product of factors, given by their logarithms, from which variables are summed one by one.
///
/// The variable whose sum makes the smallest table comes next, among equals the first one of the
/// program: a chain is summed from its start to its end.
struct Elimination {
  /// How a variable goes: a sum of probabilities, or their maximum.
  enum Operation {
    case sum
    case max
  }

  /// The product of the factors of a variable, before it went.
  struct Record {
    let variable: Int
    let factor: Factor
  }

  let operation: Operation
  private(set) var records: [Record] = []
  /// The factors; nil for those that have been used.
  private var slots: [Factor?] = []
  /// The positions of a variable's factors.
  private var touching: [Int: [Int]] = [:]

  init(_ factors: [Factor], _ operation: Operation = .sum) {
    self.operation = operation
    for factor in factors { add(factor) }
  }

  /// What is left, in the order in which it came to be.
  var factors: [Factor] { slots.compactMap(\.self) }

  mutating func add(_ factor: Factor) {
    for variable in factor.variables { touching[variable, default: []].append(slots.count) }
    slots.append(factor)
  }

  /// Takes out the factors of some variables.
  mutating func take(_ variables: Set<Int>) -> [Factor] {
    let positions = Set(variables.flatMap { touching[$0] ?? [] }).sorted()
    return positions.compactMap { position in
      guard let factor = slots[position] else { return nil }
      slots[position] = nil
      for variable in factor.variables { touching[variable]?.removeAll { $0 == position } }
      return factor
    }
  }

  /// Sums out some variables.
  mutating func eliminate(_ variables: Set<Int>) {
    var costs = Dictionary(uniqueKeysWithValues: variables.map { ($0, tableSize($0)) })
    var order = variables.sorted()
    while let next = order.indices.min(by: { (costs[order[$0]] ?? 0) < (costs[order[$1]] ?? 0) }) {
      let variable = order.remove(at: next)
      let own = take([variable])
      guard !own.isEmpty else { continue }
      let product = Factor.sum(own)
      records.append(Record(variable: variable, factor: product))
      let axis: Set<Factor.Axis> = [.variable(variable)]
      add(operation == .sum ? product.logSum(over: axis) : product.max(over: axis))
      for neighbour in product.variables where costs[neighbour] != nil {
        costs[neighbour] = tableSize(neighbour)
      }
    }
  }

  /// The number of elements of the product of a variable's factors.
  private func tableSize(_ variable: Int) -> Int {
    var extents: [Factor.Axis: Int] = [:]
    for position in touching[variable] ?? [] {
      guard let factor = slots[position] else { continue }
      for (axis, extent) in zip(factor.axes, factor.tensor.shape) { extents[axis] = extent }
    }
    return extents.values.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }
}
