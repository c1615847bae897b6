import TestSupport
import Testing

@testable import Tensors

@Suite struct TensorTests {
  @Test func `come from Swift values`() {
    expectClose(Tensor([1.0, 2.0]), [1, 2], shape: [2])
    expectClose(Tensor([1.0, 2, 3, 4], shape: [2, 2]), [1, 2, 3, 4], shape: [2, 2])
    expectClose(Tensor([[1.0, 2], [3, 4]]), [1, 2, 3, 4], shape: [2, 2])
    expectClose(Tensor([[1, 2]] as [[Float]]), [1, 2], shape: [1, 2])
    expectClose(Tensor([1, 2]), [1, 2], shape: [2])
    expectClose(Tensor([true, false]), [1, 0], shape: [2])
    #expect(Tensor([1, 2]).dtype == .int64)
    #expect(Tensor([1.5] as [Float]).dtype == .float32)
    #expect(Tensor([[Double]]()).shape == [0, 0])
  }

  @Test func `are written as literals`() {
    let vector: Tensor = [1, 2.5]
    let matrix: Tensor = [[1, 2], [3, 4]]
    let row = Tensor([5.0, 6])
    let stacked: Tensor = [row, row]
    expectClose(vector, [1, 2.5], shape: [2])
    expectClose(matrix, [1, 2, 3, 4], shape: [2, 2])
    expectClose(stacked, [5, 6, 5, 6], shape: [2, 2])
    expectClose([] as Tensor, [], shape: [0])
    expectClose(3 as Tensor, [3], shape: [])
  }

  @Test func `are made by rule`() {
    expectClose(Tensor.zeros([2, 1]), [0, 0], shape: [2, 1])
    expectClose(Tensor.ones([2], dtype: .float32), [1, 1], shape: [2])
    expectClose(Tensor.full([2, 2], 0.3), [0.3, 0.3, 0.3, 0.3], shape: [2, 2])
    expectClose(Tensor.arange(4), [0, 1, 2, 3], shape: [4])
    expectClose(Tensor.arange(0), [], shape: [0])
    expectClose(Tensor.linspace(0, 1, count: 5), [0, 0.25, 0.5, 0.75, 1])
    expectClose(Tensor.linspace(2, 9, count: 1), [2])
    expectClose(
      Tensor.linspace(0, 0.3, count: 4).array().suffix(1).map { $0 }, [0.3], within: .bits)
    expectClose(Tensor.eye(2), [1, 0, 0, 1], shape: [2, 2])
  }

  @Test func `give their values back`() {
    let x = Tensor([[1.5, -2], [0, 4]])
    #expect(x.rows() == [[1.5, -2], [0, 4]])
    #expect(x.floatArray() == [1.5, -2, 0, 4])
    #expect(Tensor([1.5]).scalar() == 1.5)
    #expect(Tensor([[3]] as [[Double]]).scalar() == 3)
    #expect((x .> 0).boolArray() == [true, false, false, true])
    #expect(x.cast(to: .int64).intArray() == [1, -2, 0, 4])
    #expect(x.detached().array() == x.array())
  }

  @Test func `keep the value that was read`() {
    let x = exp(Tensor([1.0]))
    let first = x.evaluated()
    _ = (x + 1).array()
    #expect(x.evaluated() === first)
  }

  @Test func `are evaluated together`() {
    let x = Tensor([1.0, 2])
    let (a, b) = (x + 1, exp(x).sum())
    eval(a, b, a, x, 3)
    #expect(a.node.storage != nil && b.node.storage != nil)
    expectClose(a, [2, 3])
    eval([])
  }

  @Test func `that are views of one array have values of their own`() {
    let x = Tensor([[1.0, 2], [3, 4]])
    let views = [x.transposed(), x[0], x.flattened(), x.broadcast(to: [1, 2, 2]), x]
    eval(views)
    #expect(
      views.map { $0.array() } == [
        [1, 3, 2, 4], [1, 2], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4],
      ])
  }

  @Test func `are immutable`() {
    var x = Tensor([1.0, 2])
    let old = x
    x += 1
    x *= 2
    x -= 1
    x /= 4
    expectClose(old, [1, 2])
    expectClose(x, [0.75, 1.25])
  }

  @Test func `broadcast as NumPy's do`() {
    let pairs: [(Shape, Shape, Shape?)] = [
      ([], [], []), ([3], [], [3]), ([2, 1], [3], [2, 3]), ([1, 3], [2, 1], [2, 3]),
      ([0], [1], [0]),
      ([2], [3], nil), ([2, 0], [2, 1], [2, 0]), ([5, 1, 4], [3, 1], [5, 3, 4]), ([0], [2], nil),
    ]
    for (left, right, expected) in pairs {
      #expect(left.broadcast(with: right) == expected)
      #expect(right.broadcast(with: left) == expected)
      guard let expected else { continue }
      #expect(left.broadcasts(to: expected))
      #expect((Tensor.ones(left) + Tensor.ones(right)).shape == expected)
    }
  }

  @Test func `have shapes of up to eight axes`() {
    let shape: Shape = [1, 2, 1, 3, 1, 2, 1, 2]
    #expect(shape.rank == 8 && shape.elementCount == 24)
    #expect(Array(shape) == [1, 2, 1, 3, 1, 2, 1, 2])
    #expect("\(shape)" == "[1, 2, 1, 3, 1, 2, 1, 2]")
    #expect(shape.rowMajorStrides == [24, 12, 12, 4, 4, 2, 2, 1])
    var other = shape
    other[7] = 5
    #expect(other != shape && other[7] == 5)
    let x = Tensor((0..<24).map(Double.init), shape: shape)
    let turned = x.transposed(to: [7, 6, 5, 4, 3, 2, 1, 0])
    #expect(turned.transposed(to: [7, 6, 5, 4, 3, 2, 1, 0]).array() == x.array())
    #expect(turned.array()[1] == 12)
  }
}
