import Testing

@testable import Tensors

/// Which tensors others are computed from.
@Suite struct OriginsTests {
  @Test func `through operations, gradients stopped or not`() {
    let (a, b, c) = (Tensor([1.0, 2]), Tensor([3.0, 4]), Tensor(5))
    let sum = a + b
    let results = [
      exp(a), sum * 2, stopGradient(sum)[0] + 1, a, c.cast(to: .float64) * b.sum(), Tensor(1.0),
    ]
    #expect(origins(of: results, among: [a, b, c]) == [[0], [0, 1], [0, 1], [0], [1, 2], []])
  }

  /// A source that another is computed from is an origin of what that is part of.
  @Test func `of sources in sources`() {
    let a = Tensor([1.0, 2])
    let b = exp(a)
    #expect(origins(of: [b * 2, b, a], among: [a, b]) == [[0, 1], [0, 1], [0]])
  }

  @Test func `tensors read before`() {
    let a = Tensor([1.0, 2])
    let b = a * 3
    eval(b)
    #expect(origins(of: [b + 1], among: [a]) == [[0]])
  }

  @Test func `one tensor twice, and none`() {
    let a = Tensor([1.0, 2])
    #expect(origins(of: [a + 1], among: [a, a]) == [[0, 1]])
    #expect(origins(of: [a + 1], among: []) == [[]])
    #expect(origins(of: [], among: [a]) == [])
  }

  @Test func `hundreds of sources`() {
    let sources = (0..<200).map { Tensor([Double($0)]) }
    let even = stride(from: 0, to: 200, by: 2).reduce(Tensor([0.0])) { $0 + sources[$1] }
    let found = origins(of: [even], among: sources)
    #expect(found == [Set(stride(from: 0, to: 200, by: 2))])
  }
}
