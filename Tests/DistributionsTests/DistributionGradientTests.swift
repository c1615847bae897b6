import Foundation
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
        of: subject.smoothParameters.map { Tensor(parameters[$0]) } + [points], seed: seed + 1,
        "\(subject) of \(parameters)"
      ) { inputs in
        let distribution = subject.make(varying: Array(inputs.dropLast()), of: parameters)
        return [distribution.logProb(inputs[inputs.count - 1])]
      }
    }
  }

  /// ∂ log mass / ∂ parameters; a discrete value has no derivative.
  @Test(arguments: DistributionCase.discrete) func logMass(_ subject: DistributionCase) {
    for (seed, parameters) in subject.draws(3).enumerated() {
      let points = Tensor(subject.points(parameters, probabilities: Self.probabilities))
      let inputs = subject.smoothParameters.map { Tensor(parameters[$0]) }
      guard !inputs.isEmpty else { continue }
      checkGradients(of: inputs, step: 1e-4, seed: seed + 1, "\(subject)") {
        [subject.make(varying: $0, of: parameters).logProb(points)]
      }
    }
  }

  // MARK: Draws

  private static let reparameterized = DistributionCase.all.filter {
    $0.isReparameterized && !$0.smoothParameters.isEmpty
  }

  @Test(arguments: DistributionCase.all) func isReparameterized(_ subject: DistributionCase) {
    let distribution = subject.distribution(subject.draws(1)[0])
    #expect(distribution.isReparameterized == subject.isReparameterized, "\(subject)")
  }

  /// ∂ draw / ∂ parameters, to second order, against finite differences with the same key.
  @Test(arguments: reparameterized.filter { $0.noise != .implicit })
  func draws(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let inputs = subject.smoothParameters.map { Tensor(parameters[$0]) }
    checkGradients(of: inputs, step: 1e-2, "\(subject) of \(parameters)") {
      [
        subject.make(varying: $0, of: parameters)
          .sample([6], key: RandomKey(21), dtype: .float64)
      ]
    }
  }

  /// The derivative of a draw's log density, taken together with the draw, counts every path from
  /// the parameters.
  @Test(arguments: reparameterized.filter { $0.noise != .implicit })
  func jointDraws(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let inputs = subject.smoothParameters.map { Tensor(parameters[$0]) }
    checkGradients(of: inputs, step: 1e-2, "\(subject) of \(parameters)") {
      let (value, logProb) = subject.make(varying: $0, of: parameters)
        .sampleAndLogProb([6], key: RandomKey(22), dtype: .float64)
      return [value, logProb]
    }
  }

  /// What is drawn and its density are the same function of the parameters, drawn jointly or not.
  @Test(arguments: reparameterized) func jointGradients(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let inputs = parameters.map { Tensor($0) }
    let distribution = subject.make(inputs)
    let varying = subject.smoothParameters.map { inputs[$0] }
    let (value, logProb) = distribution.sampleAndLogProb([8], key: RandomKey(24), dtype: .float64)
    let joint = gradient(of: (value + logProb).sum(), withRespectTo: varying)
    let alone = distribution.sample([8], key: RandomKey(24), dtype: .float64)
    let apart = gradient(of: (alone + distribution.logProb(alone)).sum(), withRespectTo: varying)
    for (a, b) in zip(joint, apart) {
      expectClose(a, b, within: .relative(1e-9, absolute: 1e-9), "\(subject) of \(parameters)")
    }
  }

  // MARK: Edges

  /// Points outside the support add nothing to the gradient, in particular no NaN.
  @Test(arguments: DistributionCase.all) func outsideTheSupport(_ subject: DistributionCase) {
    for values in subject.draws(3) {
      let inside = subject.points(values, probabilities: Self.probabilities)
      let outside = subject.support.outside(values).filter(\.isFinite)
      let alone = Self.gradients(subject, values, inside)
      let among = Self.gradients(subject, values, inside + outside)
      for (a, b) in zip(alone.parameters, among.parameters) {
        expectClose(
          b.array(), a.array(), within: .relative(1e-12, absolute: 1e-12), "\(subject) \(outside)")
      }
      guard !subject.isDiscrete else { continue }
      let slopes = among.value.array().dropFirst(inside.count)
      #expect(slopes.allSatisfy { $0 == 0 }, "\(subject) \(outside): \(slopes)")
    }
  }

  /// Far out no derivative is NaN.
  @Test(arguments: DistributionCase.all) func farOut(_ subject: DistributionCase) {
    for values in subject.draws(3) {
      for point in [-1e6, -1e4, 1e4, 1e6] {
        let (slopes, slope) = Self.gradients(subject, values, [point])
        let all = (slopes + [slope]).flatMap { $0.array() }
        #expect(all.allSatisfy { !$0.isNaN }, "\(subject) of \(values) at \(point): \(all)")
      }
    }
  }

  /// At an edge and next to it no derivative is NaN, and where the density is finite and not zero,
  /// those by the parameters are finite.
  @Test(arguments: DistributionCase.all) func edges(_ subject: DistributionCase) {
    for values in subject.draws(5) {
      for edge in subject.support.edges(values) {
        // Derivatives like 1 / x overflow at denormal numbers.
        let neighbours = edge == 0 ? [1e-100, -1e-100] : [edge.nextUp, edge.nextDown]
        for point in [edge] + neighbours {
          let what = "\(subject) of \(values) at \(point)"
          let (slopes, slope) = Self.gradients(subject, values, [point])
          let logProb = subject.distribution(values).logProb(Tensor(point)).scalar()
          let all = slopes.map { $0.scalar() }
          #expect(!logProb.isNaN && !slope.array()[0].isNaN, "\(what): \(logProb), \(slope)")
          #expect(all.allSatisfy { logProb.isFinite ? $0.isFinite : !$0.isNaN }, "\(what): \(all)")
        }
      }
    }
  }

  private static func gradients(
    _ subject: DistributionCase, _ values: [Double], _ points: [Double]
  ) -> (parameters: [Tensor], value: Tensor) {
    let parameters = values.map { Tensor($0) }
    let x = Tensor(points)
    let logProb = subject.make(parameters).logProb(x)
    let all = gradient(
      of: logProb.sum(), withRespectTo: subject.smoothParameters.map { parameters[$0] } + [x])
    return (Array(all.dropLast()), all[all.count - 1])
  }
}
