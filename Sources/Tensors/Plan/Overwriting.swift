/// Which outputs may take the place of which arguments in memory.
///
/// That is safe where the output's elements are made in a loop, and everything that reads the argument
/// runs before that loop, or in it on the same elements and no later than they are written.
struct Overwriting {
  /// A step, and which of its loops, for they may run at the same time.
  private struct Position {
    let step: Int
    let loop: Int
  }

  private struct Argument {
    let dtype: DType
    let count: Int
    /// The last step that reads it, −1 if none does, and which loop of that step.
    var last = Position(step: -1, loop: 0)
    /// The last item of that step that does.
    var lastReader = -1
    /// Whether all that do so in that step read the i-th element at the i-th turn of one loop.
    var isStreamed = true

    mutating func note(_ reader: Int, at position: Position, _ isStreamed: Bool) {
      if position.step > last.step {
        (last, lastReader, self.isStreamed) = (position, reader, true)
      }
      guard position.step == last.step else { return }
      lastReader = max(lastReader, reader)
      self.isStreamed = self.isStreamed && isStreamed && position.loop == last.loop
    }
  }

  private struct Output {
    let dtype: DType
    let count: Int
    let item: Int
    /// Where it is made; nil where that is no loop over its elements.
    let position: Position?
  }

  private let arguments: [Argument]
  private let outputs: [Output]

  init(_ ir: IR, _ schedule: Schedule) {
    let positions = Overwriting.positions(schedule, count: ir.items.count)
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
        arguments[argument].note(reader, at: positions[reader], isStreamed)
      }
    }
    self.arguments = arguments
    outputs = ir.outputs.map { item in
      let made = ir.items[item]
      let position: Position? = if case .elementwise = made.kind { positions[item] } else { nil }
      return Output(dtype: made.dtype, count: made.count, item: item, position: position)
    }
  }

  private static func positions(_ schedule: Schedule, count: Int) -> [Position] {
    var result = [Position](repeating: Position(step: -1, loop: 0), count: count)
    for (number, step) in schedule.steps.enumerated() {
      switch step {
      case .loops(let loops):
        for (loop, members) in loops.map(\.members).enumerated() {
          for item in members { result[item] = Position(step: number, loop: loop) }
        }
      case .single(let item): result[item] = Position(step: number, loop: 0)
      }
    }
    return result
  }

  func isAllowed(argument: Int, output: Int) -> Bool {
    let (argument, output) = (arguments[argument], outputs[output])
    guard let made = output.position, argument.dtype == output.dtype,
      argument.count == output.count
    else { return false }
    if argument.last.step != made.step { return argument.last.step < made.step }
    return argument.isStreamed && argument.last.loop == made.loop
      && argument.lastReader <= output.item
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
