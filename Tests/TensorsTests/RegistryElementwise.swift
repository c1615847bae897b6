import TestSupport

@testable import Tensors

extension Registry {
  private static func unary(
    _ name: String, _ sample: Sample = .real([2, 3]), order: Int = 2,
    _ function: @escaping @Sendable (Tensor) -> Tensor
  ) -> OperationCase {
    OperationCase(name, sample, order: order) { [function($0[0])] }
  }

  static let unary: [OperationCase] = [
    unary("neg") { -$0 },
    unary("abs", .signed([2, 3])) { abs($0) },
    unary("sign", .signed([2, 3])) { sign($0) },
    unary("square") { square($0) },
    unary("sqrt", .real([2, 3], 0.3...3)) { sqrt($0) },
    unary("rsqrt", .real([2, 3], 0.3...3)) { rsqrt($0) },
    unary("reciprocal", .signed([2, 3])) { reciprocal($0) },
    unary("exp") { exp($0) },
    unary("exp2") { exp2($0) },
    unary("expm1") { expm1($0) },
    unary("log", .real([2, 3], 0.3...3)) { log($0) },
    unary("log2", .real([2, 3], 0.3...3)) { log2($0) },
    unary("log10", .real([2, 3], 0.3...3)) { log10($0) },
    unary("log1p", .real([2, 3], -0.6...2)) { log1p($0) },
    unary("sin") { sin($0) },
    unary("cos") { cos($0) },
    unary("tan", .real([2, 3], -1...1)) { tan($0) },
    unary("asin", .real([2, 3], -0.8...0.8)) { asin($0) },
    unary("acos", .real([2, 3], -0.8...0.8)) { acos($0) },
    unary("atan") { atan($0) },
    unary("sinh") { sinh($0) },
    unary("cosh") { cosh($0) },
    unary("tanh") { tanh($0) },
    unary("asinh") { asinh($0) },
    unary("acosh", .real([2, 3], 1.3...3)) { acosh($0) },
    unary("atanh", .real([2, 3], -0.8...0.8)) { atanh($0) },
    unary("sigmoid") { sigmoid($0) },
    unary("softplus") { softplus($0) },
    unary("logSigmoid") { logSigmoid($0) },
    unary("erf") { erf($0) },
    unary("erfc") { erfc($0) },
    unary("lgamma", .real([2, 3], 0.4...4)) { lgamma($0) },
    unary("gammaPeak", .real([2, 3], 0.4...12)) { gammaPeak($0) },
    unary("logMinusDigamma", .real([2, 3], 0.4...12)) { logMinusDigamma($0) },
    unary("floor", .fractions([2, 3])) { floor($0) },
    unary("ceil", .fractions([2, 3])) { ceil($0) },
    unary("round", .fractions([2, 3])) { round($0) },
    unary("trunc", .fractions([2, 3])) { trunc($0) },
    unary("relu", .signed([2, 3])) { relu($0) },
    unary("elu", .signed([2, 3])) { elu($0) },
    unary("exp of a scalar", .real([])) { exp($0) },
    unary("tanh of nothing", .real([0, 3])) { tanh($0) },
  ]

  static let binary: [OperationCase] = [
    OperationCase("add", .real([2, 3]), .real([3])) { [$0[0] + $0[1]] },
    OperationCase("sub", .real([2, 1]), .real([1, 3])) { [$0[0] - $0[1]] },
    OperationCase("mul", .real([2, 3]), .real([])) { [$0[0] * $0[1]] },
    OperationCase("div", .real([3]), .signed([2, 3])) { [$0[0] / $0[1]] },
    OperationCase("mod", .real([2, 3], 2.35...2.7), .real([3], 1.05...1.12)) { [$0[0] % $0[1]] },
    OperationCase("mod of negatives", .real([2, 3], -2.7...(-2.35)), .real([3], 1.05...1.12)) {
      [$0[0] % $0[1]]
    },
    OperationCase("pow", .real([2, 3], 0.4...2), .real([2, 1])) { [pow($0[0], $0[1])] },
    OperationCase("pow by literals", .real([4], 0.4...2)) { x in
      [pow(x[0], 0.5), pow(x[0], 1), pow(x[0], 2), pow(x[0], -1), pow(x[0], 3), pow(x[0], 2.5)]
    },
    OperationCase("pow of a literal", .real([4])) { [pow(2, $0[0])] },
    OperationCase("maximum", .distinct([2, 3]), .real([2, 3], 0.0...0.02)) {
      [maximum($0[0], $0[1])]
    },
    OperationCase("minimum", .distinct([2, 3]), .real([], 0.0...0.02)) { [minimum($0[0], $0[1])] },
    OperationCase("atan2", .signed([2, 3]), .signed([3])) { [atan2($0[0], $0[1])] },
    OperationCase("hypot", .signed([2, 3]), .signed([3])) { [hypot($0[0], $0[1])] },
    OperationCase("logAddExp", .real([2, 3]), .real([2, 1])) { [logAddExp($0[0], $0[1])] },
    OperationCase("mulSafe", .real([2, 3]), .real([3])) { [BinaryOperation.mulSafe($0[0], $0[1])] },
    OperationCase("foldIn", .integers([], 0..<1000), .integers([3], 0..<1000), order: 0) {
      [BinaryOperation.foldIn($0[0], $0[1])]
    },
    OperationCase("one operand twice", .real([3])) { x in [x[0] * x[0] + x[0] / (2 + x[0] * x[0])]
    },
  ]

  static let comparisons: [OperationCase] = [
    OperationCase("comparisons", .real([2, 3]), .real([3]), order: 0) { x in
      let (a, b) = (x[0], x[1])
      return [a .== b, a .!= b, a .< b, a .<= b, a .> b, a .>= b]
    },
    OperationCase("masks", .mask([2, 3]), .mask([3]), order: 0) { x in
      [x[0] .&& x[1], x[0] .|| x[1], .!x[0], BinaryOperation.xor(x[0], x[1])]
    },
    OperationCase("questions", .real([3]), order: 0) { x in
      [isNaN(log(x[0])), isFinite(1 / relu(x[0]))]
    },
    OperationCase("where", .mask([2, 1]), .real([2, 3]), .real([3])) {
      [`where`($0[0], $0[1], $0[2])]
    },
    OperationCase("where around a pole", .signed([6])) { x in
      [`where`(x[0] .> 0, log(`where`(x[0] .> 0, x[0], 1)), 2 * x[0])]
    },
    OperationCase("clamp", .distinct([9])) { [clamp($0[0], -0.45, 0.45)] },
    OperationCase("cast", .integers([2, 3], -5..<5), .mask([3]), order: 0) { x in
      [x[0].cast(to: .bool), x[1].cast(to: .int64)]
    },
    OperationCase("cast of fractions", .fractions([4]), order: 0) { [$0[0].cast(to: .int64)] },
    OperationCase("stopGradient", .real([3]), .real([3])) { x in
      [x[0] * exp(stopGradient(square(x[1] * 0)))]
    },
  ]
}
