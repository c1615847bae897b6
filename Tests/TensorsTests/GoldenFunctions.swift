@testable import Tensors

/// What each case of the golden file computes.
enum GoldenFunctions {
  typealias Function = @Sendable ([Tensor]) -> [Tensor]

  static let byName: [String: Function] = {
    var result: [String: Function] = [:]
    for operation in UnaryOperation.all { result[operation.name] = { [operation($0[0])] } }
    for (name, function) in special { result[name] = { [function($0[0])] } }
    for (name, function) in pairs { result[name] = { [function($0[0], $0[1])] } }
    for (name, function) in alongAxes {
      result[name] = function
      result[name + " with holes"] = function
    }
    for number in 0..<9 { result["matmul \(number)"] = { [matmul($0[0], $0[1])] } }
    for (name, function) in others { result[name] = function }
    return result
  }()

  private static let special: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("digamma", { digamma($0) }), ("trigamma", { trigamma($0) }),
    ("polygamma3", { polygamma(3, $0) }), ("zeta", { zeta(2.5, $0) }), ("erfcx", { erfcx($0) }),
    ("logNormalCDF", { logNormalCDF($0) }), ("erfInverse", { erfInverse($0) }),
    ("erfcInverse", { erfcInverse($0) }), ("normalQuantile", { normalQuantile($0) }),
    ("besselJ0", { besselJ0($0) }), ("besselJ1", { besselJ1($0) }),
    ("besselY0", { besselY0($0) }), ("besselY1", { besselY1($0) }),
    ("besselI0e", { besselI0e($0) }), ("besselI1e", { besselI1e($0) }),
    ("besselK0e", { besselK0e($0) }), ("besselK1e", { besselK1e($0) }),
    ("besselI2", { besselI(order: 2, $0) }), ("lambertW", { lambertW($0) }),
    ("expi", { expi($0) }), ("exp1", { exp1($0) }),
  ]

  private static let pairs: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
    ("add", { $0 + $1 }), ("sub", { $0 - $1 }), ("mul", { $0 * $1 }), ("div", { $0 / $1 }),
    ("mod", { $0 % $1 }), ("pow", { pow($0, $1) }), ("maximum", { maximum($0, $1) }),
    ("minimum", { minimum($0, $1) }), ("atan2", { atan2($0, $1) }), ("hypot", { hypot($0, $1) }),
    ("logAddExp", { logAddExp($0, $1) }), ("lbeta", { lbeta($0, $1) }),
    ("gammainc", { gammainc($0, $1) }), ("gammaincc", { gammaincc($0, $1) }),
    ("betainc", { betainc($0, 1.7, $1) }),
  ]

  /// For an array of three axes.
  private static let alongAxes: [(String, Function)] = [
    (
      "sums",
      { x in
        [
          x[0].sum(), x[0].sum(axis: 0), x[0].sum(axis: 1), x[0].sum(axes: [0, 2]),
          x[0].mean(axis: -1),
        ]
      }
    ),
    ("products", { x in [x[0].product(), x[0].product(axes: [0, 1]), x[0].product(axes: [2])] }),
    (
      "extremes",
      { x in [x[0].max(), x[0].max(axis: 1), x[0].min(axes: [0, 1]), x[0].min(axis: -1)] }
    ),
    (
      "positions",
      { x in
        [x[0].argmax(axis: 1), x[0].argmin(axis: 0), x[0].argmax(), x[0].argsort(along: 1)]
      }
    ),
    ("sorted", { x in [x[0].sorted(along: 0), x[0].sorted(along: 1)] }),
    (
      "running",
      { x in
        [
          x[0].cumulativeSum(along: 1), x[0].cumulativeProduct(along: 0),
          x[0].cumulativeMax(along: 1), x[0].cumulativeMin(along: 0),
        ]
      }
    ),
    (
      "softmax",
      { x in [x[0].softmax(axis: 1), x[0].softmax(axis: -1), x[0].logSoftmax(axis: 1)] }
    ),
    ("logSumExp", { x in [x[0].logSumExp(), x[0].logSumExp(axis: 1)] }),
    (
      "quantiles",
      { x in
        [x[0].quantiles([0, 0.1, 0.5, 0.8, 1], axis: 1), x[0].median(axis: 0)]
      }
    ),
  ]

  private static let others: [(String, Function)] = [
    (
      "compare",
      { x in
        let (a, b) = (x[0], x[1])
        return [a .== b, a .!= b, a .< b, a .<= b, a .> b, a .>= b]
      }
    ),
    ("questions", { [isNaN($0[0]), isFinite($0[0])] }),
    (
      "integers",
      { x in
        let (a, b) = (x[0], x[1])
        return [a + b, a * b, maximum(a, b), a % `where`(b .== 0, 4, b)]
      }
    ),
    (
      "of nothing",
      { x in
        [
          x[0].sum(axis: 1), x[0].product(axes: [1]), x[0].sum(), x[0].sum(axis: 0),
          x[0].cumulativeSum(along: 1),
        ]
      }
    ),
    ("ties", { [$0[0].argmax(), $0[0].argmin(), $0[0].argsort()] }),
    ("masks", { [$0[0].any(axes: [1]), $0[0].all(axes: [1]), $0[0].all(), $0[0].sum(axis: 0)] }),
    ("searchSorted", { [searchSorted($0[0], $0[1]), searchSorted($0[0], $0[1], right: true)] }),
    (
      "views",
      { x in
        [
          x[0].transposed(to: [2, 0, 1]), x[0].flipped(along: 1),
          x[0].slice(1..<4, along: 1, stride: 2), x[0][-1], x[0][1..<3], x[0].reshaped(to: [4, 6]),
          x[0].transposed(), x[0].transposed(to: [1, 0, 2]).reshaped(to: [2, 12]),
          x[0][0..<1].slice(0..<1, along: 2).broadcast(to: [2, 4, 3]),
          x[0].flipped(along: 0).flipped(along: 1).flipped().flattened(),
        ]
      }
    ),
    (
      "triangles",
      { x in
        [
          tril(x[0]), triu(x[0], 1), tril(x[0], -1), x[0].diagonal(), x[0].diagonal(offset: 2),
          x[0].diagonal(offset: -1), trace(x[0]), Tensor.diagonal(of: x[0][0]),
          outer(x[0][0], x[0][1]),
        ]
      }
    ),
    (
      "joined",
      { x in
        [
          concat(x), concat([x[0], x[1], x[0]], along: 1), stack(x, along: 1),
          x[0].padded(before: 1, after: 2), x[0].padded(before: 2, after: 0, along: 0),
        ]
      }
    ),
    (
      "indexed",
      { x in
        [
          x[0].gathered(x[1]), x[0].gathered(x[1], along: 1), x[0].takeAlong(x[2]),
          x[0].scatterAdded(Tensor([1, 3, 1]), extent: 4), oneHot(x[2], count: 4),
        ]
      }
    ),
    (
      "factorizations",
      { x in
        let (g, spd, b) = (x[0], x[1], x[2])
        let (sign, logAbs) = slogdet(g)
        let (q, r) = qr(g)
        return [
          cholesky(spd), inverse(g), sign, logAbs, q, r, eigh(spd).values, solve(g, b),
          triangularSolve(g[0], b), triangularSolve(g[0], b, lower: false),
          triangularSolve(g[0], b, lower: false, transposed: true),
          triangularSolve(g[0], b, lower: false, unitDiagonal: true),
        ]
      }
    ),
    (
      "more factorizations",
      { x in
        let (g, singular) = (x[0], x[4])
        let (stacked, large) = (lu(g), lu(x[3]))
        let (tall, wide) = (svd(x[1]), svd(x[2]))
        let both = stack([g[0], singular])
        let cofactors = gradient(of: determinant(both).sum(), withRespectTo: both)
        return [
          stacked.permutation, stacked.lower, stacked.upper, large.permutation, large.lower,
          large.upper, tall.u, tall.s, tall.vt, wide.u, wide.s, wide.vt, determinant(g),
          determinant(x[3]), logdet(matmul(g, g.transposed())), cofactors,
          concat([
            stack([determinant(singular), slogdet(singular).logAbs, logdet(singular)]),
            logdet(Tensor([[0.0, 1], [1, 0]])).expandingDims(at: 0),
          ]),
        ]
      }
    ),
  ]
}
