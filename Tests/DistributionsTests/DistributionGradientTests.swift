import TestSupport
import Testing

@testable import Distributions

@Suite struct DistributionGradientTests {
  private static let probabilities = [0.1, 0.3, 0.6, 0.9]

  /// ∂ log p / ∂ (parameters, value), to second order, against finite differences.
  @Test(arguments: DistributionCase.continuous) func logProb(_ subject: DistributionCase) {
    for (seed, parameters) in subject.draws(3).enumerated() {
      let points = Tensor(subject.points(parameters, probabilities: Self.probabilities))
      checkGradients(
        of: parameters.map { Tensor($0) } + [points], seed: seed + 1, "\(subject) of \(parameters)"
      ) { inputs in
        [subject.make(Array(inputs.dropLast())).logProb(inputs[inputs.count - 1])]
      }
    }
  }

  /// ∂ log mass / ∂ parameters; a discrete value has no derivative.
  @Test(arguments: DistributionCase.all.filter(\.isDiscrete))
  func logMass(_ subject: DistributionCase) {
    for (seed, parameters) in subject.draws(3).enumerated() {
      checkGradients(of: parameters.map { Tensor($0) }, step: 1e-4, seed: seed + 1, "\(subject)") {
        [subject.make($0).logProb(Tensor([0.0, 1, 1, 0, 1]))]
      }
    }
  }

  /// ∂ draw / ∂ parameters, to second order, against finite differences with the same key.
  @Test(arguments: DistributionCase.all) func draws(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    #expect(subject.distribution(parameters).isReparameterized == !subject.isDiscrete)
    guard !subject.isDiscrete else { return }
    checkGradients(of: parameters.map { Tensor($0) }, step: 1e-2, "\(subject) of \(parameters)") {
      [subject.make($0).sample([6], key: RandomKey(21), dtype: .float64)]
    }
  }

  /// The derivative of a draw's log density, taken together with the draw, counts every path from
  /// the parameters.
  @Test(arguments: DistributionCase.continuous) func jointDraws(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    checkGradients(of: parameters.map { Tensor($0) }, step: 1e-2, "\(subject) of \(parameters)") {
      let (value, logProb) = subject.make($0)
        .sampleAndLogProb([6], key: RandomKey(22), dtype: .float64)
      return [value, logProb]
    }
  }

  /// Points outside the support add nothing to the gradient, in particular no NaN.
  @Test(arguments: DistributionCase.all) func outsideTheSupport(_ subject: DistributionCase) {
    let values = subject.draws(1)[0]
    let inside = subject.points(values, probabilities: Self.probabilities)
    let outside = subject.support.outside.filter(\.isFinite)
    let alone = Self.gradients(subject, values, inside)
    let among = Self.gradients(subject, values, inside + outside)
    for (a, b) in zip(alone, among) {
      expectClose(
        b.array(), a.array(), within: .relative(1e-12, absolute: 1e-12), "\(subject) \(outside)")
    }
  }

  private static func gradients(
    _ subject: DistributionCase, _ values: [Double], _ points: [Double]
  ) -> [Tensor] {
    let parameters = values.map { Tensor($0) }
    let logProb = subject.make(parameters).logProb(Tensor(points))
    return gradient(of: logProb.sum(), withRespectTo: parameters)
  }
}
