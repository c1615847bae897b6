import TestSupport
import Testing

@testable import Tensors

/// Resident memory must not grow with the number of steps. Each runs in a process of its own, so
/// that other tests do not disturb the count.
@Suite struct MemoryTests {
  @Test func `eager steps keep memory flat`() async {
    await #expect(processExitsWith: .success) {
      expectFlatMemory(steps: 20_000) { step in
        let x = Tensor([Double](repeating: 1e-3 * Double(step % 7), count: 400))
        let loss = (tanh(x) * x).sum() + Tensor(Double(step)) * 0.25
        return gradient(of: loss, withRespectTo: x)
      }
    }
  }

  @Test func `compiled steps keep memory flat`() async {
    await #expect(processExitsWith: .success) {
      let shape = Tensor.zeros([400])
      let function = try compile(for: [shape, shape]) { x in
        let loss = square(tanh(x[0]) - 0.3).sum()
        return [x[0] - 0.1 * gradient(of: loss, withRespectTo: x[0]), x[1] * 0.9 + x[0]]
      }
      var state = [Tensor.ones([400]), shape]
      expectFlatMemory(steps: 200_000) { _ in
        state = function(state)
        return state[0]
      }
    }
  }

  @Test func `new structures do not pile up in the cache`() async {
    await #expect(processExitsWith: .success) {
      expectFlatMemory(steps: 4000) { step in
        exp(Tensor([Double](repeating: 0.5, count: step % 2000 + 1))).sum()
      }
    }
  }

  @Test func `a stored value does not keep more than its graph`() async {
    await #expect(processExitsWith: .success) {
      var state = Tensor([Double](repeating: 1, count: 1000))
      expectFlatMemory(steps: 5000) { _ in
        state = (state * 0.5 + 1).detached()
        return state
      }
    }
  }
}

/// Runs a step over and over; the second half must leave resident memory as the first found it.
private func expectFlatMemory(steps: Int, _ step: (Int) -> Tensor) {
  for number in 0..<steps / 2 { eval(step(number)) }
  let before = residentBytes()
  for number in steps / 2..<steps { eval(step(number)) }
  let growth = residentBytes() - before
  #expect(growth < 4 << 20, "\(growth) bytes more after \(steps / 2) steps")
}
