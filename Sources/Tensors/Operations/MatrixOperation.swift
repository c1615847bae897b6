internal import CTensorKernels

/// A function of each matrix of a stack. Kernels with several results pack them into one vector
/// per matrix; the public functions take it apart again.
final class MatrixOperation: ArrayOperation {
  typealias Derivative = @Sendable (_ ct: Tensor, _ a: Tensor, _ y: Tensor) -> Tensor

  let name: String
  let identity: Int
  private let kernel: @Sendable (Int32) -> ctk_fn?
  /// The shape of the result for one matrix of n × m.
  private let core: @Sendable (_ n: Int, _ m: Int) -> Shape
  private let derivative: Derivative

  init(
    _ name: String, _ number: Int, _ kernel: @escaping @Sendable (Int32) -> ctk_fn?,
    _ core: @escaping @Sendable (_ n: Int, _ m: Int) -> Shape, _ derivative: @escaping Derivative
  ) {
    self.name = name
    identity = -7001 - number
    self.kernel = kernel
    self.core = core
    self.derivative = derivative
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    let (n, m) = operands[0].shape.matrixExtents
    var descriptor = ctk_linalg_desc()
    descriptor.batch = Int64(operands[0].shape.outer.elementCount)
    descriptor.n = Int64(n)
    descriptor.m = Int64(m)
    descriptor.leftSide = 1
    descriptor.sa = Int64(n * m)
    return ArrayInstruction(kernel(dtype.kernelCode), descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let coreRank = result.rank - (inputs[0].rank - 2)
    return [cotangent.guarding(derivative(ct, inputs[0], result), ct, coreRank)]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    self(inputs[0])
  }

  func callAsFunction(_ a: Tensor) -> Tensor {
    precondition(a.rank >= 2, "\(name): expected a matrix, got the shape \(a.shape)")
    let a = a.asFloat
    let (n, m) = a.shape.matrixExtents
    return Tensor(Node(self, a.node, shape: a.shape.outer + core(n, m), dtype: a.dtype))
  }
}

extension Shape {
  /// The extents of the axes before the last two.
  var outer: Shape { Shape(dropLast(2)) }
  /// The extents of the last two axes.
  var matrixExtents: (rows: Int, columns: Int) { (self[rank - 2], self[rank - 1]) }
}

extension Cotangent {
  /// A cotangent of matrices computed from this one, `ct` in full. Behind a `where`, matrices whose
  /// result was not used keep a cotangent of zero although their factors may not be finite.
  func guarding(_ tensor: Tensor, _ ct: Tensor, _ coreRank: Int) -> Cotangent {
    guard isMasked else { return with(tensor) }
    let core = Array(ct.rank - coreRank..<ct.rank)
    let isUsed = (ct .!= 0).any(axes: core, keepingAxes: true)
    let outer = Shape(ct.shape.dropLast(coreRank))
    return with(`where`(isUsed.reshaped(to: outer + [1, 1]), tensor, 0))
  }
}

extension MatrixOperation {
  /// All of them, for tests.
  static let all: [MatrixOperation] = [
    cholesky, inverse, slogdet, qr, eigh, lu, svd, determinant, cofactors,
  ]
}

extension Tensor {
  /// (A + Aᵀ) / 2.
  var symmetrised: Tensor { 0.5 * (self + transposed()) }

  /// A part of a packed result: `core` of its elements from `start` on, for each matrix.
  func unpacked(_ core: Shape, at start: Int) -> Tensor {
    sliced(along: -1, start: start, count: core.elementCount)
      .reshaped(to: Shape(shape.dropLast()) + core)
  }

  func requireSquare(_ name: String) {
    precondition(
      rank >= 2 && shape[rank - 1] == shape[rank - 2],
      "\(name): expected square matrices, got the shape \(shape)")
  }
}
