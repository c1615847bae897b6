import TestSupport

@testable import Tensors

extension Registry {
  static let reductions: [OperationCase] = [
    OperationCase("sum", .real([2, 3, 4])) { x in
      [
        x[0].sum(), x[0].sum(axis: 1), x[0].sum(axes: [0, 2]),
        x[0].sum(axis: -1, keepingAxes: true),
      ]
    },
    OperationCase("prod", .signed([2, 3, 2])) { x in
      [x[0].product(), x[0].product(axes: [1]), x[0].product(axes: [0, 2], keepingAxes: true)]
    },
    OperationCase("prod with zeros", .real([4])) { x in
      [(x[0] * Tensor([1, 0, 1, 1], dtype: x[0].dtype)).product()]
    },
    OperationCase("max", .distinct([2, 3, 2])) { x in
      [x[0].max(), x[0].max(axis: 1), x[0].max(axes: [0, 2], keepingAxes: true)]
    },
    OperationCase("min", .distinct([2, 3, 2])) { x in
      [x[0].min(), x[0].min(axis: 0), x[0].min(axes: [-1, -2])]
    },
    OperationCase("mean", .real([2, 3])) { [$0[0].mean(), $0[0].mean(axis: 0)] },
    OperationCase("softmax", .real([2, 3])) { x in
      [x[0].softmax(axis: 1), x[0].softmax(axis: 0), x[0].logSoftmax(axis: -1)]
    },
    OperationCase("logSumExp", .real([2, 3])) { x in
      [x[0].logSumExp(), x[0].logSumExp(axis: 1), x[0].logSumExp(axis: 0, keepingAxes: true)]
    },
    OperationCase("any and all", .mask([2, 3]), order: 0) { x in
      [x[0].any(axes: [1]), x[0].all(axes: [0]), x[0].any(), x[0].all(), x[0].sum()]
    },
    OperationCase("sum of nothing", .real([2, 0])) { [$0[0].sum(), $0[0].sum(axis: 1)] },
  ]

  static let views: [OperationCase] = [
    OperationCase("reshape", .real([2, 6])) { x in
      [x[0].reshaped(to: [3, 4]), x[0].flattened(), x[0].transposed().reshaped(to: [4, 3])]
    },
    OperationCase("axes of extent one", .real([2, 3])) { x in
      [x[0].expandingDims(at: 1), x[0].expandingDims(at: -1).squeezing(at: 2)]
    },
    OperationCase("broadcast", .real([3, 1])) { x in
      [x[0].broadcast(to: [2, 3, 4]), x[0].broadcast(to: [3, 2]).transposed()]
    },
    OperationCase("transpose", .real([2, 3, 4])) { x in
      [x[0].transposed(), x[0].transposed(to: [2, 0, 1])]
    },
    OperationCase("slice", .real([5, 4])) { x in
      [x[0].slice(1..<5, stride: 2), x[0].slice(1..<3, along: 1), x[0][1..<4], x[0][-1]]
    },
    OperationCase("flip", .real([2, 3])) { [$0[0].flipped(), $0[0].flipped(along: 0) * 2] },
    OperationCase("select and split", .real([3, 4])) { x in
      [x[0].selecting(2, along: 1)] + x[0].split([1, 3]) + x[0].split([2, 1], along: 0)
    },
    OperationCase("views of views", .real([4, 6])) { x in
      [x[0].transposed().slice(1..<6, stride: 2).flipped().reshaped(to: [2, 6])]
    },
    OperationCase("overlapping slices", .real([5])) { x in
      [x[0][0..<4] * x[0][1..<5] + x[0].flipped()[0..<4]]
    },
    OperationCase("triangles", .real([2, 3, 4])) { x in
      [tril(x[0]), triu(x[0], 1), tril(x[0], -1), trace(x[0])]
    },
    OperationCase("diagonal", .real([3, 4]), .real([2, 3])) { x in
      [
        x[0].diagonal(), x[0].diagonal(offset: -1), x[0].diagonal(offset: 2),
        x[1].embeddingDiagonal(),
      ]
    },
    OperationCase("outer", .real([3]), .real([2])) { [outer($0[0], $0[1])] },
  ]

  static let joining: [OperationCase] = [
    OperationCase("concat", .real([2, 3]), .real([1, 3]), .real([2, 3]), .real([3, 3])) { x in
      [
        concat(x), concat([exp(x[0]), x[2]], along: 1),
        concat([x[0] * 2, x[1], exp(x[3]), x[0] * 2]),
      ]
    },
    OperationCase("stack", .real([2, 3]), .real([2, 3])) { x in
      [stack(x), stack(x, along: 1), stack([x[1], x[0], x[1]], along: -1)]
    },
    OperationCase("place", .real([2, 3])) { x in
      [
        x[0].padded(before: 1, after: 2), x[0].padded(before: 2, after: 0, along: 0),
        x[0].placed(along: 1, in: 8, start: 1, step: 3),
        x[0].transposed().placed(along: 0, in: 5, start: 4, step: -2),
      ]
    },
  ]

  static let products: [OperationCase] = [
    OperationCase("matmul", .real([2, 3]), .real([3, 4])) { [matmul($0[0], $0[1])] },
    OperationCase("matmul of vectors", .real([3]), .real([3, 2]), .real([3])) { x in
      [matmul(x[0], x[1]), matmul(x[1].transposed(), x[2]), matmul(x[0], x[2])]
    },
    OperationCase("matmul of stacks", .real([2, 3, 2]), .real([2, 2, 4])) {
      [matmul($0[0], $0[1])]
    },
    OperationCase("matmul, broadcast", .real([2, 1, 3, 2]), .real([3, 2, 2])) {
      [matmul($0[0], $0[1])]
    },
    OperationCase("matmul of a stack and one", .real([4, 3, 2]), .real([2, 5]), .real([2, 3])) {
      x in
      [matmul(x[0], x[1]), matmul(x[2], x[0])]
    },
    OperationCase("matmul of views", .real([3, 4]), .real([6, 3])) { x in
      [
        matmul(x[0].transposed(), x[1].transposed()), matmul(x[1].slice(0..<6, stride: 2), x[0]),
        matmul(x[1].flipped(), x[0]), matmul(x[0].slice(1..<4, along: 1), x[0].flipped()),
      ]
    },
    OperationCase("matmul within blocks", .real([4, 3]), .real([3, 5])) { x in
      let isFilled = (0..<15).map { $0 % 5 >= $0 / 5 }
      let b = `where`(Tensor(isFilled, shape: [3, 5]), x[1], 0)
      let pattern = BlockPattern(rows: 3, columns: 5, isFilled: isFilled)
      return [matmul(x[0], b, within: pattern)]
    },
    OperationCase("matmul with bias", .real([4, 3]), .real([3, 2]), .real([2])) { x in
      [tanh(matmul(x[0], x[1]) + x[2])]
    },
  ]

  /// A symmetric positive definite matrix from any square one.
  private static func definite(_ x: Tensor) -> Tensor {
    let n = x.shape[x.rank - 1]
    return matmul(x, x.transposed()) + Tensor.eye(n, dtype: x.dtype)
  }

  /// A well-conditioned matrix from any square one.
  private static func regular(_ x: Tensor) -> Tensor {
    x + 3 * Tensor.eye(x.shape[x.rank - 1], dtype: x.dtype)
  }

  static let factorizations: [OperationCase] = [
    OperationCase("cholesky", .real([2, 3, 3])) { [cholesky(definite($0[0]))] },
    OperationCase("inverse", .real([2, 3, 3], -1...1)) { [inverse(regular($0[0]))] },
    OperationCase("slogdet", .real([2, 3, 3], -1...1)) { x in
      let (sign, logAbs) = slogdet(regular(x[0]))
      return [sign, logAbs]
    },
    OperationCase("qr", .real([2, 4, 3], -1...1)) { x in
      let (q, r) = qr(
        x[0] + Tensor([[3, 0, 0], [0, 3, 0], [0, 0, 3], [1, 1, 1]], dtype: x[0].dtype))
      return [q, r]
    },
    OperationCase("logdet", .real([2, 3, 3], -1...1)) { [logdet(definite($0[0]))] },
    OperationCase("determinant", .real([2, 3, 3], -1...1), .real([4, 4]), .real([1, 1])) { x in
      [determinant(x[0]), determinant(x[1]), determinant(x[2])]
    },
    OperationCase("lu", .real([2, 3, 3], -1...1)) { x in
      let (permutation, lower, upper) = lu(regular(x[0]).flipped(along: -2))
      return [permutation, lower, upper]
    },
    OperationCase("svd", .real([3, 3], -1...1), .real([2, 4, 2], -1...1)) { x in
      let spread = Tensor([6.0, 3, 1], dtype: x[0].dtype).embeddingDiagonal()
      let square = svd(x[0] * 0.3 + spread)
      let tall = x[1] * 0.3 + Tensor([[4, 0], [0, 2], [0, 1], [1, 1]], dtype: x[1].dtype)
      let (thin, wide) = (svd(tall), svd(tall.transposed()))
      return [
        square.u, square.s, square.vt, thin.u, thin.s, thin.vt, wide.u, wide.s, wide.vt,
      ]
    },
    OperationCase("eigh", .real([3, 3], -1...1)) { x in
      let spread = Tensor([-6.0, 0, 6], dtype: x[0].dtype).embeddingDiagonal()
      let (values, vectors) = eigh(x[0] + x[0].transposed() + spread)
      return [values, vectors]
    },
    OperationCase(
      "squaredDistances", .real([3, 2]), .real([2]), .real([2, 2], -1...1), .real([2, 13]),
      .real([13, 13], -1...1)
    ) { x in
      [
        squaredDistances(x[0], from: x[1], regular(x[2])),
        squaredDistances(x[3], from: 0.5 * x[3][0], regular(0.2 * x[4])),
      ]
    },
    OperationCase(
      "solve through a network", .real([3, 2]), .real([3, 2], 0.5...2), .real([3, 4]),
      .real([3, 4]), .real([2, 3]), .real([3, 4]), .real([3, 3]), order: 0
    ) { x in
      let network = StagedNetwork(
        order: [1, 0], offsets: [[0, 0, 1, 2], [0, 1, 3, 3]],
        layers: [
          .init(inputs: 2, outputs: 3, connects: true, activates: false, isResidual: false),
          .init(inputs: 3, outputs: 4, connects: true, activates: true, isResidual: false),
        ], outputsEach: 2)
      let solution = network.solveTransposed(
        x[0], own: x[1], values: x[2], added: x[3], weights: [x[4], x[5]], slopes: [nil, x[6]])
      return [stopGradient(solution)]
    },
    OperationCase("triangularSolve", .real([3, 3], -1...1), .real([3, 2]), .real([2, 3])) { x in
      let a = regular(x[0])
      return [
        triangularSolve(a, x[1]), triangularSolve(a, x[1], lower: false),
        triangularSolve(a, x[1], transposed: true), triangularSolve(a, x[1], unitDiagonal: true),
        TriangularSolveOperation(.init(lower: true, left: false))(a, x[2]),
        TriangularSolveOperation(.init(lower: false, transposed: true, left: false))(a, x[2]),
      ]
    },
    OperationCase(
      "triangularSolve of stacks", .real([2, 3, 3], -1...1), .real([3, 2]), .real([3])
    ) {
      [triangularSolve(regular($0[0]), $0[1]), triangularSolve(regular($0[0])[0], $0[2])]
    },
    OperationCase("solve", .real([3, 3], -1...1), .real([2, 3, 2]), .real([3])) { x in
      [solve(regular(x[0]), x[1]), solve(regular(x[0]), x[2])]
    },
  ]

  static let indexing: [OperationCase] = [
    OperationCase("gather", .real([4, 3]), .integers([2, 2], -4..<4)) { x in
      [x[0].gathered(x[1]), x[0].gathered(x[1] % Tensor(3), along: 1)]
    },
    OperationCase("scatterAdd", .real([5, 2]), .integers([5], 0..<3)) { x in
      [x[0].scatterAdded(x[1], extent: 4)]
    },
    OperationCase("takeAlong", .real([3, 4]), .integers([3, 2], 0..<4)) { x in
      [x[0].takeAlong(x[1]), x[0].takeAlong(x[1][0..<1], axis: 1)]
    },
    OperationCase("putAlong", .real([3, 4]), .integers([3, 4], 0..<2)) { x in
      [x[0].putAlong(x[1], extent: 3), x[0].putAlong(x[1], axis: 0, extent: 2)]
    },
    OperationCase("oneHot", .integers([3], 0..<4), order: 0) {
      [oneHot($0[0], count: 4, dtype: .bool)]
    },
  ]

  static let ordering: [OperationCase] = [
    OperationCase("sorted", .distinct([3, 4])) { [$0[0].sorted(), $0[0].sorted(along: 0)] },
    OperationCase("positions", .distinct([3, 4]), order: 0) { x in
      [
        x[0].argsort(), x[0].argsort(along: 0), x[0].argmax(), x[0].argmax(axis: 0),
        x[0].argmin(), x[0].argmin(axis: 0),
      ]
    },
    OperationCase("quantiles", .distinct([3, 5])) { x in
      [x[0].quantiles([0, 0.3, 0.9, 1]), x[0].quantile(0.62, axis: 0), x[0].median()]
    },
    OperationCase("searchSorted", .distinct([5]), .real([2, 3]), order: 0) { x in
      [searchSorted(x[0].sorted(), x[1]), searchSorted(x[0].sorted(), x[1], right: true)]
    },
    OperationCase("searchSorted in rows", .distinct([2, 5]), .real([2, 3]), order: 0) { x in
      [searchSorted(x[0].sorted(), x[1])]
    },
  ]

  static let cumulative: [OperationCase] = [
    OperationCase("cumulativeSum", .real([3, 4])) { x in
      [x[0].cumulativeSum(), x[0].cumulativeSum(along: 0)]
    },
    OperationCase("cumulativeProduct", .signed([3, 4])) { x in
      [x[0].cumulativeProduct(), x[0].cumulativeProduct(along: 0)]
    },
    OperationCase("cumulativeProduct with zeros", .real([4])) { x in
      [(x[0] * Tensor([1, 0, 1, 1], dtype: x[0].dtype)).cumulativeProduct()]
    },
    OperationCase("cumulativeMax", .distinct([3, 4])) { x in
      [x[0].cumulativeMax(), x[0].cumulativeMax(along: 0)]
    },
    OperationCase("cumulativeMin", .distinct([3, 4])) { [$0[0].cumulativeMin()] },
    OperationCase("cumulativeLogSumExp", .real([3, 5])) { x in
      [x[0].cumulativeLogSumExp(), x[0].cumulativeLogSumExp(along: 0)]
    },
  ]

  static let loops: [OperationCase] = [
    OperationCase("scan", .real([2]), .real([4, 2]), .real([2])) { x in
      let result = scan(
        { carry, step in
          let next = tanh(carry[0] * x[2] + step[0])
          return (carry: [next], y: [next * step[0]])
        }, initial: [x[0]], xs: [x[1]])
      return result.carry + result.ys
    },
    OperationCase("scan, reversed", .real([2]), .real([3, 2, 2], -1...1)) { x in
      let result = scan(
        { carry, step in
          let next = matmul(step[0], carry[0])
          return (carry: [next, carry[1] + next.sum()], y: [])
        }, initial: [x[0], x[0].sum()], xs: [x[1]], reversed: true)
      return result.carry
    },
    OperationCase("whileLoop", .real([3], 1.0...3), order: 0) { x in
      let results = whileLoop(initial: [stopGradient(x[0]), Tensor(0.0).cast(to: x[0].dtype)]) {
        $0[0].sum() .< 40
      } body: {
        [$0[0] * 1.5, $0[1] + 1]
      }
      return results
    },
  ]

  static let others: [OperationCase] = [
    OperationCase("random", .integers([], 0..<1000), order: 0) { x in
      let key = RandomKey(tensor: x[0])
      let draws = [key.normal([2, 3]), key.foldIn(1).uniform([4]), key.foldIn(2).normal()]
      return draws.map { $0 .< 0.5 } + [key.foldIn("site").bits([3])]
    },
    OperationCase("random choice", .integers([], 0..<1000), order: 0) { x in
      let key = RandomKey(tensor: x[0])
      return [key.choice(from: 40, count: 7), key.foldIn(1).permutation(5)]
    },
    OperationCase(
      "random draws", .integers([], 0..<1000), .real([3], 0.5...4), .real([2, 1], 0.1...0.9),
      order: 0
    ) { x in
      let key = RandomKey(tensor: x[0])
      return [
        stopGradient(key.gamma(x[1], [2, 3])), stopGradient(key.logGamma(x[2])),
        key.poisson(10 * x[1]),
        key.binomial(round(20 * x[1]), x[2]), stopGradient(key.vonMises(x[1], [4, 3])),
      ]
    },
    OperationCase("withCustomDerivative", .real([3]), .real([3])) { x in
      let (a, b) = (x[0], x[1])
      let value = stopGradient(sin(a) * b)
      return [
        withCustomDerivative(value: value, inputs: [a, b]) { ct, inputs, _ in
          [ct * cos(inputs[0]) * inputs[1], ct * sin(inputs[0])]
        }
      ]
    },
  ]
}
