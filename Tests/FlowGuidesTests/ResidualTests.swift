import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct ResidualTests {
  /// The bound lies above the largest singular value, and close to it.
  @Test func spectralNorm() {
    for (index, shape) in ([[1, 1], [3, 7], [64, 64], [40, 5]] as [Shape]).enumerated() {
      for scale in [1e-8, 1, 1e8] {
        let matrix = (scale * RandomKey(index).normal(shape)).detached()
        let norm = svd(matrix).s.max().scalar()
        let ratio = spectralNormBound(matrix).scalar() / norm
        #expect(ratio >= 1 - 1e-12 && ratio < pow(64, 1.0 / 128) + 1e-12, "\(shape): \(ratio)")
      }
    }
    // Equal singular values are the worst case.
    let worst = spectralNormBound(Tensor.eye(64)).scalar()
    #expect((worst - pow(64, 1.0 / 128)).magnitude < 1e-12)
  }

  /// However large the weights, two points come nearer by the bound at least.
  @Test(arguments: [1, 2, 3, 4, 5], [false, true])
  func contraction(_ seed: Int, _ isOfImages: Bool) {
    let network =
      isOfImages
      ? LipschitzNetwork(
        image: [2, 4, 3], hidden: [5], bound: 0.9, activation: .elu, name: "f", context: nil)
      : LipschitzNetwork(
        dimension: 24, hidden: [32], bound: 0.9, activation: .elu, name: "f", context: nil)
    let parameters = handle(
      { network.parameters(nil) }, with: LawParameters(key: RandomKey(seed), spread: 3))
    let a = RandomKey(seed).normal([500, 24])
    let b = a + 0.1 * RandomKey(seed + 100).normal([500, 24])
    let moved = network(a, parameters) - network(b, parameters)
    let ratio = sqrt(square(moved).sum(axis: -1) / square(a - b).sum(axis: -1))
    let largest = ratio.max().scalar()
    #expect(largest < 0.9 && largest > 0.05, "\(largest)")
  }

  /// A convolution of ones is the worst case for an image without edges, where a pixel counts in nine
  /// places: the bound on its norm is met at the middle pixels.
  @Test func normOfAConvolution() {
    let network = ImageNetwork(
      image: [1, 40, 40], hidden: [], activation: .tanh, name: "f", context: nil)
    let ones = Tensor.ones([1, 1600])
    let y = network(ones, [Tensor.ones([9, 1]), Tensor.zeros([1])])
    let ratio = (square(y).sum() / square(ones).sum()).scalar().squareRoot()
    #expect(ratio > 8.5 && ratio <= 9 && network.reach * 3 == 9)
  }

  /// Derivatives of the inverse to second order.
  @Test(arguments: [ResidualNetwork.lipschitz(hidden: [5]), .proximal(hidden: [4])])
  func inverseDerivatives(_ network: ResidualNetwork) {
    let layer = Residual(dimension: 2, network: network, name: "f")
    let weights = LawParameters(key: RandomKey(2), spread: 1)
    let y = RandomKey(3).normal([2, 2]).detached()
    _ = handle({ layer.forward(y) }, with: weights)
    let names = weights.met.keys.sorted()
    let values = names.compactMap { weights.met[$0] }
    checkGradients(of: [y] + values, relative: 1e-6) { inputs in
      let parameters = Dictionary(uniqueKeysWithValues: zip(names, inputs.dropFirst()))
      return substitute(parameters) {
        let (x, logDet) = layer.inverseAndLogDet(inputs[0], context: nil)
        return [x, logDet]
      }
    }
  }

  /// The smallest gains start as numbers too, near the identity.
  @Test(arguments: [1e-6, 0.01, 0.1, 0.999]) func proximalStart(_ bound: Double) {
    let layer = Residual(
      dimension: 2, network: .proximal(hidden: [4], bound: bound), name: "f")
    let x = RandomKey(1).normal([5, 2]).detached()
    let (y, logDet) = handle({ layer.forwardAndLogDet(x, context: nil) }, with: InitialWeights())
    #expect(abs(logDet).max().scalar() < 0.1 && abs(y - x).max().scalar() < 0.3)
    #expect(y.array() != x.array())
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Residual(dimension: 2, network: .proximal(hidden: [4], bound: 1), name: "f")
      }, "f: the bound must be in (0, 1), got 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Residual(dimension: 2, network: .proximal(hidden: [4], bound: 0), name: "f")
      }, "got 0.0")
  }

  /// Estimates of log determinants and their gradients are right on average: |z| < 5.3, one failure
  /// in ten million per number. A bias of a quarter of a standard deviation would show.
  @Test(
    arguments: [
      ResidualNetwork.lipschitz(hidden: [6], bound: 0.7), .proximal(hidden: [4], bound: 0.7),
    ], [0, 2])
  func unbiased(_ network: ResidualNetwork, _ exactTerms: Int) {
    let draws = 600
    let weights = LawParameters(key: RandomKey(4), spread: 1)
    let x = RandomKey(5).normal([3]).detached()
    func run(_ logDet: ResidualLogDet) -> (logDet: Double, slopes: [Double]) {
      let layer = Residual(dimension: 3, network: network, logDet: logDet, name: "f")
      let logDet = handle({ layer.forwardAndLogDet(x, context: nil) }, with: weights).logDet
      let values = weights.met.keys.sorted().compactMap { weights.met[$0] }
      let slopes = gradient(of: logDet, withRespectTo: [x] + values).map { $0.sum() }
      eval([logDet] + slopes)
      return (logDet.scalar(), slopes.map { $0.scalar() })
    }
    let exact = run(.exact)
    let estimates = (0..<draws).map {
      run(.unbiased(exactTerms: exactTerms, key: RandomKey($0)))
    }
    func check(_ values: [Double], _ expected: Double, _ what: String) {
      let mean = values.reduce(0, +) / Double(draws)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(draws - 1)
      let error = (variance / Double(draws)).squareRoot()
      #expect(
        (mean - expected).magnitude < 5.3 * error + 1e-12,
        "\(what): \(mean) ± \(error), \(expected)")
      #expect(variance > 0 || expected == mean)
    }
    check(estimates.map(\.logDet), exact.logDet, "log det")
    for index in exact.slopes.indices {
      check(estimates.map { $0.slopes[index] }, exact.slopes[index], "slope \(index)")
    }
  }

  /// The same noise for the same points and parameters; another for others.
  @Test func noise() {
    let layer = Residual(
      dimension: 2, network: .lipschitz(hidden: [4]), logDet: .unbiased(key: RandomKey(1)),
      name: "f")
    func logDet(_ x: Tensor, _ seed: Int) -> Double {
      handle(
        { layer.forwardAndLogDet(x, context: nil).logDet.scalar() },
        with: LawParameters(key: RandomKey(seed), spread: 1))
    }
    let x = Tensor([0.3, -0.4])
    #expect(logDet(x, 1) == logDet(x, 1))
    let key = RandomKey(3)
    let keys = [x, x + 1e-9, 2 * x].map { noiseKey(key, $0, []).bits([]).scalar() }
    #expect(Set(keys).count == 3)
  }
}
