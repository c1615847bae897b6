import TestSupport
import Testing

@testable import Tensors

@Suite struct DTypeTests {
  @Test(arguments: Registry.all)
  func `float32 stays float32, in gradients too`(_ operation: OperationCase) {
    let double = operation.inputs()
    let single = operation.inputs(dtype: .float32)
    for (number, (wide, narrow)) in zip(operation(double), operation(single)).enumerated() {
      #expect(narrow.dtype == (wide.dtype == .float64 ? .float32 : wide.dtype), "output \(number)")
      expectClose(
        narrow, wide.array(), shape: wide.shape, within: .relative(1e-3, absolute: 1e-4),
        "\(operation.name), output \(number)")
    }
    let loss = operation.loss(single)
    for (input, result) in zip(single, gradient(of: loss, withRespectTo: single)) {
      #expect(result.dtype == input.dtype)
    }
    guard operation.order > 0 else { return }
    let floats = single.filter { $0.dtype == .float32 }
    let wide = double.filter { $0.dtype == .float64 }
    for (narrow, wide) in zip(
      gradient(of: loss, withRespectTo: floats),
      gradient(of: operation.loss(double), withRespectTo: wide))
    {
      expectClose(
        narrow, wide.array(), shape: wide.shape, within: .relative(1e-2, absolute: 1e-3),
        "gradient of \(operation.name)")
      let second = gradient(of: narrow.sum(), withRespectTo: floats)
      if operation.order > 1 { #expect(second.allSatisfy { $0.dtype == .float32 }) }
    }
  }

  /// No node of a float32 graph, or of its gradient's, is a float64 one.
  @Test(arguments: Registry.differentiable)
  func `float32 graphs hold no float64 node`(_ operation: OperationCase) {
    let inputs = operation.inputs(dtype: .float32).filter { $0.dtype != .float64 }
    let roots =
      [operation.loss(inputs)] + gradient(of: operation.loss(inputs), withRespectTo: inputs)
    let wide = GraphOrder(roots.map(\.node)).nodes.filter { $0.dtype == .float64 && !$0.isWeak }
    #expect(wide.map(\.operation.name) == [], "\(operation.name)")
  }

  @Test func `literals take the other operand's dtype`() {
    let half = Tensor([1.5, 2.5] as [Float])
    let whole = Tensor([3, 4])
    let mask = Tensor([true, false])
    for result in [half + 1, 2.5 * half, 1 / half, pow(half, 2), pow(2, half), maximum(half, 0.1)] {
      #expect(result.dtype == .float32)
    }
    #expect(
      (half + 0.1).array() == [Double(Float(1.5) + Float(0.1)), Double(Float(2.5) + Float(0.1))])
    #expect((whole + 1).dtype == .int64)
    #expect((1 - whole).dtype == .int64)
    #expect((whole + 0.5).dtype == .float64)
    #expect((whole / 2).dtype == .float64)
    #expect((mask + 1).dtype == .int64)
    #expect((Tensor([1.0]) + 1).dtype == .float64)
    #expect(`where`(mask, half, 0).dtype == .float32)
    #expect(`where`(mask, 1, 0).dtype == .float64)
    #expect(concat([half, [1, 2]]).dtype == .float32)
    #expect(clamp(half, 0, 1).dtype == .float32)
    #expect((half .> 0.1).dtype == .bool)
  }

  @Test func `literals stay literals through arithmetic`() {
    let half = Tensor([1.5] as [Float])
    let literal: Tensor = 0.1
    #expect((half * (literal * 2 + 1)).dtype == .float32)
    #expect((half * -literal).dtype == .float32)
    #expect((half * exp(literal)).dtype == .float32)
    #expect((half + [0.1]).dtype == .float32)
    #expect((half + literal.broadcast(to: [1])).dtype == .float32)
    expectClose(half + [0.1, 0.2], [1.5 + 0.1, 1.5 + 0.2].map { Double(Float($0)) }, shape: [2])
  }

  @Test func `numbers from Swift follow like literals`() {
    let half = Tensor([1.5] as [Float])
    let scale = 0.3
    #expect((half * scale).dtype == .float32)
    #expect((scale - half).dtype == .float32)
    #expect((half * Tensor(scale)).dtype == .float64)
  }

  @Test func `two dtypes meet in the wider one`() {
    let (flag, whole) = (Tensor([true]), Tensor([2]))
    let (half, double) = (Tensor([0.5] as [Float]), Tensor([0.25]))
    #expect((flag + whole).dtype == .int64)
    #expect((whole + half).dtype == .float32)
    #expect((half + double).dtype == .float64)
    #expect(exp(whole).dtype == .float64)
    #expect(exp(flag).dtype == .float64)
    #expect((-flag).array() == [-1])
    #expect(matmul(Tensor([1, 2]), Tensor([3, 4])).scalar() == 11)
  }

  @Test func `casts cut fractions and make NaN zero`() {
    let x = Tensor([-2.7, -0.5, 0.5, 2.7, .nan, 3e9])
    expectClose(x.cast(to: .int64), [-2, 0, 0, 2, 0, 3e9])
    expectClose(x.cast(to: .bool), [1, 1, 1, 1, 1, 1])
    expectClose(Tensor([0.0, -0.0, 1]).cast(to: .bool), [0, 0, 1])
    expectClose(Tensor([true, false]).cast(to: .float32), [1, 0])
    let third = Tensor([1.0 / 3]).cast(to: .float32)
    expectClose(third, [Double(Float(1.0 / 3))])
    expectClose(third.cast(to: .float64), [Double(Float(1.0 / 3))])
  }

  @Test func `gradients pass casts between floats`() {
    let x = Tensor([0.5, 1.5])
    let result = gradient(of: square(x.cast(to: .float32)), withRespectTo: x)
    #expect(result.dtype == .float64)
    expectClose(result, [1, 3])
  }

  @Test func `integers keep all their bits`() {
    let large = (1 << 60) + 1
    let x = Tensor([large, -large])
    #expect((x + Tensor(1)).intArray() == [large + 1, -large + 1])
    #expect(x.max().intArray() == [large])
    #expect(x.sum().intArray() == [0])
    #expect((x - Tensor(large)).intArray() == [0, -2 * large])
    #expect((Tensor([-7, 7]) % Tensor(3)).intArray() == [2, 1])
    #expect(concat([x, Tensor([1])]).flipped().intArray() == [1, -large, large])
  }
}
