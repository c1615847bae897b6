import TestSupport
import Testing

@testable import Tensors

/// Scalars, nothing, strided views, eight axes, and many elements.
@Suite struct ShapeTests {
  /// The same ten-odd numbers seen in different ways.
  private static let views: [(String, Tensor)] = {
    let base = Tensor((0..<240).map { 0.3 + 0.01 * Double($0) }, shape: [4, 10, 6])
    return [
      ("scalar", Tensor([0.7], shape: [])), ("one", Tensor([0.7])),
      ("eight axes", Tensor([0.7, 0.8], shape: [1, 1, 2, 1, 1, 1, 1, 1])),
      ("nothing", Tensor([Double](), shape: [3, 0, 2])),
      ("transposed", base.transposed(to: [2, 0, 1])),
      ("every other", base.slice(1..<10, along: 1, stride: 2)), ("flipped", base.flipped(along: 1)),
      ("offset", base.flattened().slice(7..<200)), ("column", base.selecting(3, along: 2)),
      ("broadcast", base.selecting(2, along: 1).expandingDims(at: 0).broadcast(to: [5, 4, 6])),
      ("spread scalar", Tensor(0.7, dtype: .float64).broadcast(to: [3, 4])),
      ("spread middle", base.slice(0..<1, along: 1).broadcast(to: [4, 7, 6])),
      ("diagonal", base.diagonal(offset: 1)),
      ("more than a block", base.broadcast(to: [9, 4, 10, 6])),
    ]
  }()

  private static let names = views.map(\.0)

  private func view(_ name: String) throws -> Tensor {
    try #require(Self.views.first { $0.0 == name }?.1)
  }

  /// The same elements without a view.
  private func plain(_ x: Tensor) -> Tensor { Tensor((x + 0).array(), shape: x.shape) }

  @Test(arguments: names)
  func `functions of one number see the elements of a view`(_ name: String) throws {
    let x = try view(name)
    for operation in UnaryOperation.all {
      expectClose(operation(x), operation(plain(x)), "\(operation.name) of \(name)")
    }
  }

  @Test(arguments: names)
  func `functions of two numbers see the elements of views`(_ name: String) throws {
    let x = try view(name)
    let y = x.rank > 0 && x.shape[0] > 1 ? x.flipped(along: 0) : x
    for operation in BinaryOperation.all
    where !["and", "or", "xor", "foldIn"].contains(operation.name) {
      expectClose(operation(x, y), operation(plain(x), plain(y)), "\(operation.name) of \(name)")
      expectClose(operation(x, 2), operation(plain(x), 2), "\(operation.name) of \(name) and 2")
      expectClose(operation(2, x), operation(2, plain(x)), "\(operation.name) of 2 and \(name)")
    }
  }

  @Test(arguments: names)
  func `reductions see the elements of a view`(_ name: String) throws {
    let x = try view(name)
    for kind in ReduceOperation.Kind.allCases {
      for axes in [Array(0..<x.rank)] + (0..<x.rank).map({ [$0] }) {
        expectClose(
          x.reduced(kind, axes, false), plain(x).reduced(kind, axes, false),
          within: .relative(1e-13), "\(kind) of \(name) along \(axes)")
      }
    }
  }

  @Test(arguments: names)
  func `whole-array operations see the elements of a view`(_ name: String) throws {
    let x = try view(name)
    guard x.rank > 0 else { return }
    let y = plain(x)
    for axis in 0..<x.rank {
      expectClose(x.sorted(along: axis), y.sorted(along: axis))
      expectClose(x.argsort(along: axis), y.argsort(along: axis))
      expectClose(x.cumulativeSum(along: axis), y.cumulativeSum(along: axis))
      expectClose(concat([x, y, x], along: axis), concat([y, y, y], along: axis))
      expectClose(
        x.padded(before: 1, after: 2, along: axis), y.padded(before: 1, after: 2, along: axis))
      guard x.shape[axis] > 0 else { continue }
      expectClose(
        x.gathered(Tensor([0, -1]), along: axis), y.gathered(Tensor([0, -1]), along: axis))
      expectClose(x.argmax(axis: axis), y.argmax(axis: axis))
    }
    guard x.rank >= 2, x.count > 0 else { return }
    expectClose(
      matmul(x, x.transposed()), matmul(y, y.transposed()), within: .relative(1e-13), name)
    expectClose(tril(x), tril(y))
  }

  /// Parts of equal widths and of others between them, in blocks and in loops of many.
  @Test(arguments: [3, 700]) func `concat along the last axis puts every part in its place`(
    rows: Int
  ) {
    let widths = [2, 2, 2, 1, 3, 3, 2, 1, 1]
    let parts = widths.enumerated().map { index, width in
      (0..<rows * width).map { Double(1000 * rows * index + $0) }
    }
    let expected = (0..<rows).flatMap { row in
      zip(parts, widths).flatMap { $0[row * $1..<(row + 1) * $1] }
    }
    let tensors = zip(parts, widths).map { Tensor($0, shape: [rows, $1]) }
    let turned = zip(parts, widths).map { part, width in
      Tensor(
        (0..<width).flatMap { c in (0..<rows).map { part[$0 * width + c] } }, shape: [width, rows]
      ).transposed()
    }
    let computed = tensors.map { $0 + 1 }
    expectClose(concat(tensors, along: 1), expected, shape: [rows, 17])
    expectClose(concat(turned, along: 1), expected, shape: [rows, 17])
    expectClose(concat(computed, along: 1) - 1, expected, shape: [rows, 17])
  }

  @Test func `reductions of nothing give their neutral elements`() {
    let x = Tensor([Double](), shape: [0, 2])
    expectClose(x.sum(axis: 0), [0, 0])
    expectClose(x.product(axes: [0]), [1, 1])
    expectClose(x.max(axis: 0), [-.infinity, -.infinity])
    expectClose(x.min(axis: 0), [.infinity, .infinity])
    expectClose(x.mean(axis: 0), [.nan, .nan])
    expectClose(x.logSumExp(axis: 0), [-.infinity, -.infinity])
    expectClose(x.max(axis: 1), [], shape: [0])
    expectClose((x .> 0).any(), [0])
    expectClose((x .> 0).all(), [1])
  }

  @Test func `products of nothing are zeros`() {
    let (a, b) = (Tensor.zeros([2, 0]), Tensor.zeros([0, 3]))
    expectClose(matmul(a, b), [0, 0, 0, 0, 0, 0], shape: [2, 3])
    expectClose(matmul(b, Tensor.zeros([3, 4])), [], shape: [0, 4])
    expectClose(gradient(of: matmul(a, b).sum(), withRespectTo: a), [], shape: [2, 0])
    expectClose(cholesky(Tensor.zeros([0, 3, 3])), [], shape: [0, 3, 3])
  }

  @Test func `millions of elements are added up exactly`() {
    let n = 5_000_011
    let x = Tensor.arange(n)
    #expect(x.sum().intArray() == [n * (n - 1) / 2])
    #expect(x.max().intArray() == [n - 1])
    #expect(x.cast(to: .float64).sum().scalar() == Double(n) * Double(n - 1) / 2)
    #expect(Tensor.ones([n]).cumulativeSum()[-1].scalar() == Double(n))
    #expect(
      Tensor.ones([7, 700_001]).sum(axis: 1).array() == [Double](repeating: 700_001, count: 7))
    #expect(
      Tensor.ones([700_001, 7]).sum(axis: 0).array() == [Double](repeating: 700_001, count: 7))
    let parts = Tensor.ones([300, 200, 50]) * Tensor.arange(200).expandingDims(at: 1)
    #expect(parts.sum(axis: 1).array().allSatisfy { $0 == 19_900 })
  }

  @Test func `sums of many elements lose little`() {
    let n = 1_000_000
    let x = Tensor.full([n], 0.1).cumulativeSum() * 0 + 0.1
    expectClose(x.sum(), [0.1 * Double(n)], within: .relative(1e-13))
    let single = Tensor.full([n], 0.1, dtype: .float32)
    expectClose(single.sum(), [Double(Float(0.1)) * Double(n)], within: .relative(1e-5))
  }

  @Test func `rows longer and shorter than a block are reduced whole`() {
    for width in [1, 3, 511, 512, 513, 2047, 2049, 5000] {
      let x = Tensor((0..<3 * width).map { Double($0 % 11) }, shape: [3, width])
      let rows = x.rows()
      let sums = rows.map { $0.reduce(0, +) }
      let (total, peak) = (x.sum(axis: 1), x.max(axis: 1))
      let shifted = (x - peak.expandingDims(at: 1)).sum(axis: 1)
      eval(total, peak, shifted)
      expectClose(total, sums)
      expectClose(peak, rows.map { $0.max() ?? 0 })
      expectClose(shifted, zip(sums, peak.array()).map { $0 - $1 * Double(width) })
    }
  }
}
