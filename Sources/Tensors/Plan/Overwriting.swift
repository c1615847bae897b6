/// Which outputs may take the place of which arguments in memory.
///
/// That is safe where the output's elements are made in a loop, and everything that reads the argument
/// runs before that loop, or in it on the same elements and no later than they are written.
struct Overwriting {
  private struct Argument {
    let dtype: DType
    let count: Int
    /// The last step that reads it, −1 if none does.
    var lastStep = -1
    /// The last item of that step that does.
    var lastReader = -1
    /// Whether all that do so in that step read the i-th element in the i-th step of the loop.
    var isStreamed = true

    mutating func note(_ reader: Int, at step: Int, _ isStreamed: Bool) {
      if step > lastStep { (lastStep, lastReader, self.isStreamed) = (step, reader, true) }
      guard step == lastStep else { return }
      lastReader = max(lastReader, reader)
      self.isStreamed = self.isStreamed && isStreamed
    }
  }

  private struct Output {
    let dtype: DType
    let count: Int
    let item: Int
    /// The step that makes it; nil where that is no loop over its elements.
    let step: Int?
  }

  private let arguments: [Argument]
  private let outputs: [Output]

  init(_ ir: IR, _ schedule: Schedule) {
    let steps = Overwriting.stepOfItem(schedule, count: ir.items.count)
    var arguments: [Argument] = []
    var argumentOf = [Int](repeating: -1, count: ir.items.count)
    for index in ir.items.indices {
      // Arguments are numbered in the order of their items.
      guard case .input = ir.items[index].kind else { continue }
      argumentOf[index] = arguments.count
      arguments.append(Argument(dtype: ir.items[index].dtype, count: ir.items[index].count))
    }
    for reader in ir.items.indices {
      for number in ir.items[reader].operands.indices {
        let argument = argumentOf[ir.items[reader].operands[number].item]
        guard argument >= 0 else { continue }
        let isStreamed = ir.items[reader].streams(number, count: arguments[argument].count)
        arguments[argument].note(reader, at: steps[reader], isStreamed)
      }
    }
    self.arguments = arguments
    outputs = ir.outputs.map { item in
      let made = ir.items[item]
      let step: Int? = if case .elementwise = made.kind { steps[item] } else { nil }
      return Output(dtype: made.dtype, count: made.count, item: item, step: step)
    }
  }

  private static func stepOfItem(_ schedule: Schedule, count: Int) -> [Int] {
    var steps = [Int](repeating: -1, count: count)
    for (number, step) in schedule.steps.enumerated() {
      switch step {
      case .loop(let members, _): for item in members { steps[item] = number }
      case .single(let item): steps[item] = number
      }
    }
    return steps
  }

  func isAllowed(argument: Int, output: Int) -> Bool {
    let (argument, output) = (arguments[argument], outputs[output])
    guard let step = output.step, argument.dtype == output.dtype, argument.count == output.count
    else { return false }
    if argument.lastStep != step { return argument.lastStep < step }
    return argument.isStreamed && argument.lastReader <= output.item
  }
}

extension Item {
  /// Whether the i-th step of a loop over `count` elements reads the i-th element of an operand.
  fileprivate func streams(_ operand: Int, count: Int) -> Bool {
    switch kind {
    case .elementwise, .reduce: break
    default: return false
    }
    let view = operands[operand].view
    return view.isContiguous && view.offset == 0 && view.shape.elementCount == count
  }
}
