/// An output that may take the place of an argument in memory.
struct Overwriting: Hashable {
  let argument: Int
  let output: Int

  /// The pairs for which this is safe: the output's elements are made in a loop, and everything that
  /// reads the argument runs before that loop, or in it on the same elements and no later than they
  /// are written.
  static func allowed(in ir: IR, _ schedule: Schedule) -> Set<Overwriting> {
    var stepOf = [Int](repeating: -1, count: ir.items.count)
    for (number, step) in schedule.steps.enumerated() {
      switch step {
      case .loop(let members, _): for item in members { stepOf[item] = number }
      case .single(let item): stepOf[item] = number
      }
    }
    var readers: [Int: [(item: Int, view: View)]] = [:]
    for (index, item) in ir.items.enumerated() {
      for operand in item.operands {
        readers[operand.item, default: []].append((index, operand.view))
      }
    }
    var result: Set<Overwriting> = []
    for (source, item) in ir.items.enumerated() {
      guard case .input(let argument) = item.kind else { continue }
      for (output, writer) in ir.outputs.enumerated() {
        let made = ir.items[writer]
        guard case .elementwise = made.kind, made.dtype == item.dtype, made.count == item.count
        else {
          continue
        }
        let isSafe = (readers[source] ?? []).allSatisfy { reader, view in
          if stepOf[reader] != stepOf[writer] { return stepOf[reader] < stepOf[writer] }
          return reader <= writer && ir.items[reader].readsAsStream && view.isContiguous
            && view.offset == 0 && view.shape.elementCount == item.count
        }
        if isSafe { result.insert(Overwriting(argument: argument, output: output)) }
      }
    }
    return result
  }
}

extension Item {
  /// Whether the i-th step of a loop reads the i-th element of an operand of the loop's size.
  fileprivate var readsAsStream: Bool {
    switch kind {
    case .elementwise, .reduce: true
    default: false
    }
  }
}
