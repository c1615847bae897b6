internal import Foundation
public import PPL

/// tanh x between −cut and cut, and a tail of the same slope beyond, so that it reaches every number
/// and both directions have a formula: a straight line (flowjax's `LeakyTanh`) or a logarithm,
/// ±(tanh c + c tanh′ c log(|x| / c)) (nflows' `LogTanh`).
public struct TailedTanh: Bijector, Equatable {
  /// How it goes on beyond the cut.
  public enum Tail: Sendable {
    case line
    case logarithm
  }

  private let cut: Double
  private let tail: Tail
  /// The value and the slope at the cut.
  private let value: Double
  private let slope: Double

  /// - Parameter cut: positive.
  public init(cut: Double = 1, tail: Tail) {
    precondition(
      cut > 0 && cut < 300, "TailedTanh: cut must be positive and less than 300, got \(cut)")
    self.cut = cut
    self.tail = tail
    value = Foundation.tanh(cut)
    slope = 1 / (cosh(cut) * cosh(cut))
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (near, logSlope) = Tanh().forwardAndLogDet(clamped(x, cut), context: nil)
    let size = maximum(abs(x), Tensor(floatLiteral: cut))
    let isNear = abs(x) .<= Tensor(floatLiteral: cut)
    switch tail {
    case .line:
      let far = sign(x) * (value + slope * (size - cut))
      return (`where`(isNear, near, far), logSlope)
    case .logarithm:
      let reach = log(size / cut)
      let far = sign(x) * (value + cut * slope * reach)
      // Where x is near, the logarithm is of 1.
      return (`where`(isNear, near, far), logSlope - reach)
    }
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let isNear = abs(y) .<= Tensor(floatLiteral: value)
    let near = atanh(clamped(y, value))
    let excess = maximum(abs(y) - value, 0) / slope
    let size = tail == .line ? cut + excess : cut * exp(excess / cut)
    let x = `where`(isNear, near, sign(y) * size)
    let logSlope = Tanh().forwardAndLogDet(clamped(x, cut), context: nil).logDet
    return (x, tail == .line ? -logSlope : excess / cut - logSlope)
  }

  private func clamped(_ x: Tensor, _ bound: Double) -> Tensor {
    clamp(x, Tensor(floatLiteral: -bound), Tensor(floatLiteral: bound))
  }
}
