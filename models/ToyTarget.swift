import Foundation
import PPL

/// A density on the plane, known up to its normaliser, that a normal cannot follow: the common yard
/// stick of variational flows. The log evidence of its model is the log of the normaliser, the greatest
/// ELBO that a guide can reach.
public struct ToyTarget: Sendable, CustomStringConvertible {
  public let description: String
  /// By quadrature on a grid, to 8 digits.
  public let logEvidence: Double
  private let logDensity: @Sendable (_ x: Tensor, _ y: Tensor) -> Tensor

  /// The model: a point of the plane, and its unnormalised log density as a factor.
  public func model() {
    let z = sample("z", ImproperUniform(.real.independent(1), eventShape: [2]))
    factor("density", logDensity(z.selecting(0, along: -1), z.selecting(1, along: -1)))
  }

  public static let all = [ring, twoMoons, twoBumps, wave, splitWave, steppedWave]

  /// sin(πx) − 2 (x² + y² − 2)².
  public static let ring = ToyTarget("ring", 1.61199736) { x, y in
    sin(.pi * x) - 2 * square(square(x) + square(y) - 2)
  }

  /// Two half circles (Stimper et al. 2023).
  public static let twoMoons = ToyTarget("two moons", 0.80421445) { x, y in
    let radius = sqrt(square(x) + square(y) + 1e-18)
    return -0.5 * square((radius - 2) / 0.2) - 0.5 * square((abs(x) - 2) / 0.3)
      + softplus(-4 * abs(x) / 0.09)
  }

  // The four potentials of Rezende & Mohamed (2015); all but the first are confined to |x|, |y| ≲ 6.

  /// U₁: a ring with two bumps.
  public static let twoBumps = ToyTarget("U1", 1.87750163) { x, y in
    let radius = sqrt(square(x) + square(y) + 1e-18)
    return -0.5 * square((radius - 2) / 0.4)
      + logAddExp(-0.5 * square((x - 2) / 0.6), -0.5 * square((x + 2) / 0.6))
  }

  /// U₂: a wave.
  public static let wave = ToyTarget("U2", 2.62531830) { x, y in
    -0.5 * square((y - crest(x)) / 0.4) - walls(x, y)
  }

  /// U₃: a wave that parts in the middle.
  public static let splitWave = ToyTarget("U3", 3.18493409) { x, y in
    let other = 3 * exp(-0.5 * square((x - 1) / 0.6))
    return logAddExp(
      -0.5 * square((y - crest(x)) / 0.35), -0.5 * square((y - crest(x) + other) / 0.35))
      - walls(x, y)
  }

  /// U₄: a wave that parts in two.
  public static let steppedWave = ToyTarget("U4", 3.25392696) { x, y in
    let other = 3 * sigmoid((x - 1) / 0.3)
    return logAddExp(
      -0.5 * square((y - crest(x)) / 0.4), -0.5 * square((y - crest(x) + other) / 0.35))
      - walls(x, y)
  }

  private init(
    _ description: String, _ logEvidence: Double,
    _ logDensity: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.description = description
    self.logEvidence = logEvidence
    self.logDensity = logDensity
  }

  private static func crest(_ x: Tensor) -> Tensor { sin(0.5 * .pi * x) }

  private static func walls(_ x: Tensor, _ y: Tensor) -> Tensor {
    square(relu(abs(x) - 6)) + square(relu(abs(y) - 6))
  }
}
