internal import CTensorKernels

/// A scan whose body computes one element at a time, as recursions of scalars do: run by one
/// interpreter instead of a kernel for each number.
///
/// Every place in memory that the instructions of the body's plan touch becomes a numbered cell.
///
/// `@unchecked Sendable`: constant after `init`; what the steps point to belongs to the plan.
struct ScalarScan: @unchecked Sendable {
  /// Where a tensor's values of the first step lie, and how far from those of the next, in bytes.
  struct Rows {
    let offset: Int
    /// 0 for a result of which the last value alone is wanted.
    let stride: Int
  }

  private struct Place: Hashable {
    let base: Plan.Relocation.Base
    let offset: Int
  }

  /// An element of a tensor outside the body: of an argument, by the caller's number, or an output.
  private struct Port {
    let number: Int
    let offset: Int
    let cell: Int
  }

  private let plan: Plan
  private let length: Int
  private let walked: Range<Int>
  private let (walkedRows, resultRows): ([Rows], [Rows])
  private var cells: [Place: Int] = [:]
  private var steps: [ctk_step] = []
  private var constants: [(cell: Int, bits: UInt64)] = []
  /// The arguments: those that stay or are carried, and those that are read anew for each step.
  private var (first, read): ([Port], [Port]) = ([], [])
  /// The outputs: those of all steps, and those of the last one.
  private var (written, last): ([Port], [Port]) = ([], [])
  /// From outputs to the carries that they are in the next step.
  private var moves: (from: [Int32], to: [Int32]) = ([], [])

  /// Nil where the body computes anything else. Its arguments and outputs have elements of eight
  /// bytes; the carries come first.
  init?(_ plan: Plan, length: Int, walked: [Rows], results: [Rows], carried: Int) {
    self.plan = plan
    self.length = length
    self.walked = carried..<carried + walked.count
    (walkedRows, resultRows) = (walked, results)
    guard plan.loops.isEmpty, addSteps(carried) else { return nil }
    for (place, cell) in cells {
      switch place.base {
      case .argument(let index):
        let port = Port(number: plan.arguments[index], offset: place.offset, cell: cell)
        if self.walked.contains(port.number) { read.append(port) } else { first.append(port) }
        guard port.number < carried else { continue }
        guard let next = cells[Place(base: .output(port.number), offset: place.offset)] else {
          return nil
        }
        moves.from.append(Int32(next))
        moves.to.append(Int32(cell))
      case .output(let number):
        let port = Port(number: number, offset: place.offset, cell: cell)
        if results[number].stride == 0 { last.append(port) } else { written.append(port) }
        // The carry may have the same cell.
        if plan.arguments.contains(number), number < carried { first.append(port) }
      case .constant: constants.append((cell, plan.constants[place.offset / 8]))
      case .arena, .scratch: break
      }
    }
  }

  /// Translates the plan's instructions; false where one of them is not for one element.
  private mutating func addSteps(_ carried: Int) -> Bool {
    var operands = plan.instructions.map { _ in [Int32](repeating: 0, count: 4) }
    for relocation in plan.relocations {
      var place = Place(base: relocation.base, offset: relocation.offset)
      if case .argument(let index) = relocation.base {
        let number = plan.arguments[index]
        if number < carried, plan.mayOverwrite(argument: index, with: number) {
          place = Place(base: .output(number), offset: relocation.offset)
        }
      }
      let cell = cells[place] ?? cells.count
      cells[place] = cell
      operands[relocation.instruction][relocation.operand] = Int32(cell)
    }
    for (instruction, cells) in zip(plan.instructions, operands) {
      let code = ctk_step_code(instruction.fn)
      guard instruction.n == 1, code >= 0 else { return false }
      steps.append(
        ctk_step(
          fn: instruction.fn, code: code, d: cells[0], a: cells[1], b: cells[2], c: cells[3]))
    }
    return true
  }

  func run(_ memory: LoopMemory) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: cells.count + 1) { cells in
      cells.initialize(repeating: 0)
      for (cell, bits) in constants { cells[cell] = bits }
      for port in first {
        cells[port.cell] = memory.inputs[port.number].load(
          fromByteOffset: port.offset, as: UInt64.self)
      }
      run(cells, memory)
      for port in last {
        memory.target.storeBytes(
          of: cells[port.cell], toByteOffset: resultRows[port.number].offset + port.offset,
          as: UInt64.self)
      }
    }
  }

  private func run(_ cells: UnsafeMutableBufferPointer<UInt64>, _ memory: LoopMemory) {
    withUnsafeTemporaryAllocation(
      of: ctk_stream.self, capacity: read.count + written.count + 1
    ) { streams in
      for (index, port) in read.enumerated() {
        streams[index] = stream(
          port, memory.inputs[port.number], walkedRows[port.number - walked.lowerBound])
      }
      for (index, port) in written.enumerated() {
        streams[read.count + index] = stream(port, memory.target, resultRows[port.number])
      }
      steps.withUnsafeBufferPointer { steps in
        moves.from.withUnsafeBufferPointer { from in
          moves.to.withUnsafeBufferPointer { to in
            var loop = ctk_step_loop(
              steps: steps.baseAddress, from: from.baseAddress, to: to.baseAddress,
              count: Int64(steps.count), moves: Int64(from.count), reads: Int64(read.count),
              writes: Int64(written.count), length: Int64(length))
            let start = streams.baseAddress
            ctk_run_steps(&loop, cells.baseAddress, start, start.map { $0 + read.count })
          }
        }
      }
    }
  }

  private func stream(_ port: Port, _ memory: UnsafeMutableRawPointer, _ rows: Rows) -> ctk_stream {
    ctk_stream(
      at: memory + rows.offset + port.offset, stride: Int64(rows.stride), cell: Int64(port.cell))
  }
}
