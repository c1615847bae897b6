internal import CTensorKernels

/// d log x/da for a gamma variable x of shape a at fixed probability. The operands are a and log x.
final class GammaSlope: ElementwiseOperation {
  static let shared = GammaSlope()
  let name = "gammaSlope"

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_gamma_slope(result.kernelCode) : nil
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    ScalarFunction.missing(name, 2, cotangent, result)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let operands = alignBatch(inputs, isBatched, original.shape.rank)
    return logGammaDrawSlope(operands[0], operands[1])
  }
}

/// The derivatives of the log odds of a beta variable by its two parameters at fixed probability,
/// along a new first axis. The operands, of one shape, are the parameters and the log odds.
///
/// They share almost all of their work, hence one operation for both.
final class BetaSlopes: ArrayOperation {
  static let shared = BetaSlopes()
  let name = "betaSlopes"

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    return ArrayInstruction(
      ctk_beta_slopes(dtype.kernelCode), 0, count: operands[0].shape.elementCount, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let both = cotangent.tensor.broadcast(to: result.shape).sum(axis: 0)
    return ScalarFunction.missing(name, 3, cotangent.with(both), result)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let operands = alignBatch(inputs, isBatched, original.shape.rank - 1)
    let slopes = betaLogitSlopes(operands[0], operands[1], operands[2])
    return stack([slopes.a, slopes.b], along: 1)
  }
}

/// d log x/da for a draw x of a gamma distribution of shape a at fixed probability, given log x: also
/// where x itself underflows. Without a derivative of its own.
///
/// −(∂P/∂a) / (x p(x)) with neither factor formed, which underflow in the tails; relative error 1e-12.
package func logGammaDrawSlope(_ a: Tensor, _ logX: Tensor) -> Tensor {
  let (operands, shape) = commonFloats([a, logX], GammaSlope.shared.name)
  return Tensor(
    Node(
      GammaSlope.shared, operands[0].node, operands[1].node, shape: shape,
      dtype: operands[0].dtype, isWeak: operands.allSatisfy(\.node.isWeak)))
}

/// dx/da for a draw x of a gamma distribution of shape a at fixed probability.
package func gammaDrawSlope(_ a: Tensor, _ x: Tensor) -> Tensor {
  BinaryOperation.mulSafe(x, logGammaDrawSlope(a, log(x)))
}

/// d/da and d/db of the log odds of a draw of a beta distribution at fixed probability, given the log
/// odds, for parameters below 1e100. Without derivatives of their own; relative error 1e-12.
package func betaLogitSlopes(_ a: Tensor, _ b: Tensor, _ logit: Tensor) -> (a: Tensor, b: Tensor) {
  let (operands, shape) = commonFloats([a, b, logit], BetaSlopes.shared.name)
  let nodes = operands.map { $0.broadcast(to: shape).node }
  let slopes = Tensor(
    Node(
      BetaSlopes.shared, nodes[0], nodes[1], nodes[2], shape: [2] + shape,
      dtype: operands[0].dtype))
  return (slopes.selecting(0, along: 0), slopes.selecting(1, along: 0))
}

/// dx/da and dx/db for a draw x of a beta distribution at fixed probability.
package func betaDrawSlopes(_ a: Tensor, _ b: Tensor, _ x: Tensor) -> (a: Tensor, b: Tensor) {
  let slopes = betaLogitSlopes(a, b, log(x) - log1p(-x))
  let spread = x * (1 - x)
  return (BinaryOperation.mulSafe(spread, slopes.a), BinaryOperation.mulSafe(spread, slopes.b))
}

/// Operands in their common floating-point dtype, and their common shape.
private func commonFloats(_ operands: [Tensor], _ name: String) -> ([Tensor], Shape) {
  var shape = Shape()
  for operand in operands {
    guard let common = shape.broadcast(with: operand.shape) else {
      preconditionFailure("\(name): shapes \(operands.map(\.shape)) do not broadcast together")
    }
    shape = common
  }
  let floats = operands.filter { $0.dtype.isFloat && !$0.isLiteral }.map(\.dtype)
  let dtype: DType = floats.contains(.float64) || floats.isEmpty ? .float64 : .float32
  return (operands.map { $0.operand(as: dtype) }, shape)
}
