import TestSupport
import Testing

@testable import Tensors

@Suite struct CompileTests {
  @Test func `replays for other arguments`() throws {
    let function = try compile(for: [Tensor([0.0, 0]), Tensor(0.0)]) {
      [exp($0[0]) * $0[1], $0[1]]
    }
    for shift in [0.0, 1, 2] {
      let (x, y) = (Tensor([shift, -shift]), Tensor(shift))
      let results = function([x, y])
      expectClose(results[0], exp(x) * y)
      expectClose(results[1], y)
    }
  }

  @Test func `takes scalars of every dtype, also several and after a read`() throws {
    let kinds = [Tensor(0.0), Tensor(0, dtype: .float32), Tensor(Int.zero), Tensor(false)]
    let function = try compile(for: kinds) { $0 + [$0[0] + $0[2].cast(to: .float64)] }
    for value in [-2.75, 0, 1, 3, 5e9] {
      let single = Tensor(value, dtype: .float32)
      let arguments = [Tensor(value), single, Tensor(Int(value)), Tensor(value > 0)]
      for _ in 0..<2 {
        let results = function(arguments)
        #expect(results.map(\.dtype) == [.float64, .float32, .int64, .bool, .float64])
        #expect(results[0].scalar() == value)
        #expect(results[1].scalar() == Double(Float(value)))
        #expect(results[2].intArray() == [Int(value)])
        #expect(results[3].boolArray() == [value > 0])
        #expect(results[4].scalar() == value + value.rounded(.towardZero))
        #expect(single.scalar() == Double(Float(value)))
      }
    }
  }

  @Test func `keeps what it captured constant`() throws {
    var scale = Tensor([2.0, 3.0])
    let function = try compile(for: [Tensor([0.0, 0])]) { [scale * $0[0]] }
    scale = Tensor([100.0, 100])
    expectClose(function([Tensor([1.0, 1])])[0], [2, 3])
    _ = scale
  }

  @Test func `captures values that are not computed yet`() throws {
    let lazy = exp(Tensor([0.0, 0])) + 1
    let function = try compile(for: [Tensor([0.0, 0])]) { [lazy * $0[0]] }
    expectClose(function([Tensor([1.0, 4])])[0], [2, 8])
  }

  @Test func `replays gradients`() throws {
    let function = try compile(for: [Tensor([0.0, 0])]) { x in
      [gradient(of: sin(x[0]).sum(), withRespectTo: x[0])]
    }
    let x = Tensor([0.3, 1.2])
    expectClose(function([x])[0], cos(x))
  }

  @Test func `results outlive later calls`() throws {
    let function = try compile(for: [Tensor(0.0)]) { [$0[0] + 1] }
    let results = (0..<10).map { function([Tensor(Double($0))])[0] }
    #expect(results.map { $0.scalar() } == (1...10).map(Double.init))
  }

  @Test func `takes its own results`() throws {
    let function = try compile(for: [Tensor([1.0, 1])]) { [$0[0] * 2] }
    var x = Tensor([1.0, 3])
    for _ in 0..<10 { x = function([x])[0] }
    expectClose(x, [1024, 3072])
  }

  @Test func `outputs may be arguments, constants, views and repeats`() throws {
    let function = try compile(for: [Tensor([[1.0, 2], [3, 4]])]) { x in
      let y = x[0] * 2
      return [x[0], Tensor(3.0), x[0].transposed(), y, y, y[0], Tensor.zeros([2])]
    }
    let results = function([Tensor([[5.0, 6], [7, 8]])])
    expectClose(results[0], [5, 6, 7, 8], shape: [2, 2])
    expectClose(results[1], [3], shape: [])
    expectClose(results[2], [5, 7, 6, 8], shape: [2, 2])
    expectClose(results[3], [10, 12, 14, 16], shape: [2, 2])
    expectClose(results[4], [10, 12, 14, 16], shape: [2, 2])
    expectClose(results[5], [10, 12], shape: [2])
    expectClose(results[6], [0, 0], shape: [2])
  }

  @Test func `refuses a function that reads a value`() {
    #expect(throws: CompileError.self) {
      try compile(for: [Tensor(1.0)]) { $0[0].scalar() > 0 ? [$0[0]] : [-$0[0]] }
    }
    #expect(throws: CompileError.self) {
      try compile(for: [Tensor([1.0, 2])]) { x in
        let total = exp(x[0]).sum()
        return [total.scalar() > 3 ? x[0] : -x[0]]
      }
    }
  }

  @Test func `names the value that was read`() {
    do {
      _ = try compile(for: [Tensor([1.0, 2])]) { x in
        _ = exp(x[0]).array()
        return x
      }
      Issue.record("nothing thrown")
    } catch {
      let text = "\(error)"
      #expect(text.contains("exp"))
      #expect(text.contains("[2]"))
    }
  }

  @Test func `reads of what does not depend on the arguments are fine`() throws {
    let known = Tensor([1.0, 2])
    let function = try compile(for: [Tensor(1.0)]) { x in
      known.sum().scalar() > 0 ? [x[0] + known] : [x[0]]
    }
    expectClose(function([Tensor(1.0)])[0], [2, 3])
  }

  @Test func `passes on what the function throws`() {
    struct Refusal: Error {}
    #expect(throws: Refusal.self) {
      try compile(for: [Tensor(1.0)]) { _ in throw Refusal() }
    }
  }

  @Test(arguments: Registry.all)
  func `equals eager evaluation`(_ operation: OperationCase) throws {
    let function = try compile(for: operation.inputs(seed: 3)) { operation($0) }
    let inputs = operation.inputs(seed: 4)
    for (replayed, eager) in zip(function(inputs), operation(inputs)) {
      expectClose(replayed, eager, "\(operation.name)")
    }
  }
}

/// Plans are found again by structure, and only for the same structure.
@Suite struct PlanCacheTests {
  private func value(_ make: () -> Tensor) -> [Double] { make().array() }

  @Test func `a number in the graph is not frozen into the plan`() {
    for number in [0.0, 1, 2, 0.5, 0.3, 0.7, -1, 17, 16, 1e300, .infinity] {
      expectClose(
        Tensor([1.5, 2]) * Tensor(number) + Tensor(number), [2.5 * number, 3 * number],
        within: .ulps(2), "\(number)")
    }
    #expect(value { Tensor([1.0]) * Tensor(Double.nan) }[0].isNaN)
  }

  @Test func `zeros keep their signs`() {
    for zero in [0.0, -0.0] {
      #expect(value { 1 / (Tensor([0.0]) * 1 + Tensor(zero) - Tensor(zero)) }[0] == .infinity)
      #expect(value { 1 / (Tensor([1.0]) * Tensor(zero)) }[0] == 1 / zero)
    }
  }

  @Test func `attributes tell plans apart`() {
    let x = Tensor([[1.0, 2, 3], [4, 5, 6]])
    #expect(value { x.sum(axis: 0) } == [5, 7, 9])
    #expect(value { x.sum(axis: 1) } == [6, 15])
    #expect(value { x.slice(0..<1, along: 1) } == [1, 4])
    #expect(value { x.slice(1..<2, along: 1) } == [2, 5])
    #expect(value { x.cumulativeSum(along: 0) } == [1, 2, 3, 5, 7, 9])
    #expect(value { x.cumulativeSum(along: 1) } == [1, 3, 6, 4, 9, 15])
    #expect(value { x.cumulativeMax(along: 1).flipped() } == [3, 2, 1, 6, 5, 4])
    #expect(value { x.transposed() } == [1, 4, 2, 5, 3, 6])
    #expect(value { x.argmax(axis: 0) } == [1, 1, 1])
    #expect(value { x.argmin(axis: 0) } == [0, 0, 0])
  }

  @Test func `wiring tells plans apart`() {
    let (a, b) = (Tensor([1.0]), Tensor([2.0]))
    #expect(value { a - b } == [-1])
    #expect(value { b - a } == [1])
    #expect(value { a - a } == [0])
    let outputs = [a - b, b - a]
    eval(outputs.reversed())
    #expect(outputs.map { $0.scalar() } == [-1, 1])
  }

  @Test func `masks and integers among literals count`() {
    for flag in [true, false] {
      #expect(value { `where`(Tensor(flag), Tensor([1.0]), 2) } == [flag ? 1 : 2])
    }
    for number in [0, 1, 5, 1000, -3] {
      #expect(value { Tensor([10]) + Tensor(number) } == [Double(10 + number)])
    }
  }

  /// What was read stays told from what comes after it, although it is gone and its memory is not.
  @Test func readsAreToldApart() {
    let recorder = TraceRecorder()
    let x = Tensor.traced(Tensor([1.0, 2]), recorder)
    for _ in 0..<200 { _ = (x * 2).sum().scalar() }
    #expect(recorder.descriptions.count == 200)
    let later = (0..<2000).map { _ in x + 1 }
    #expect(!later.contains { recorder.hasRead($0) })
    let read = x * 3
    _ = read.array()
    #expect(recorder.hasRead(read) && recorder.hasRead(x))
  }
}
