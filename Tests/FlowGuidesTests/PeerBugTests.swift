import Foundation
import TestSupport
import Testing

@testable import FlowGuides

/// Cases that other libraries of flows get wrong, or stop at.
@Suite struct PeerBugTests {
  /// Splines meet the identity outside with the slope 1 exactly, so that densities have no jump.
  @Test func slopesAtTheEdges() {
    let splines: [(any Transformer, Double)] = [
      (RationalQuadraticSpline(bins: 5, bound: 3), 3),
      (RationalQuadraticSpline(bins: 5, bound: 3, form: .softClamped), 3),
      (LinearRationalSpline(bins: 5, bound: 3), 3),
    ]
    for (spline, bound) in splines {
      let parameters = spline.start.indices.map { RandomKey($0).normal([1]).detached() }
      let x = Tensor([-bound.nextUp, -bound, -bound + 1e-13, bound - 1e-13, bound, bound.nextUp])
      let (y, logDet) = spline.forwardAndLogDet(x, parameters)
      expectClose(y, x, within: .relative(1e-11))
      expectClose(logDet, Tensor.zeros([6]), within: .relative(0, absolute: 1e-10))
    }
  }

  /// Polynomials, mixtures and integrals invert far outside of the interval they are made for, as
  /// well as the points next to the inverse allow: slopes go up to 10⁹.
  @Test func farInverses() {
    let flows: [FlowArchitecture] = [
      .sospf(layers: 1, hidden: [8]), .naf(layers: 1, hidden: [8]), .unaf(layers: 1, hidden: [8]),
      .bpf(layers: 1, hidden: [8]), .gf(layers: 1, hidden: [8]), .bnaf(layers: 1),
    ]
    let y = Tensor([-300, 20, -11, 55, 1e3, -40], shape: [3, 2])
    for (index, flow) in flows.enumerated() {
      handle(
        {
          let layers = Compose(flow.build(dimension: 2))
          for map in [layers, Compose([layers.inv])] {
            let x = map.inverse(y).detached()
            let (back, next) = (map.forward(x), map.forward(x * (1 + 1e-13)))
            let allowed = 1e-7 * abs(y) + abs(next - back)
            #expect((abs(back - y) .< allowed).all().boolArray()[0], "\(index): \(back.array())")
          }
        }, with: RandomWeights(index, spread: 0.5, isScaled: true))
    }
  }

  /// A batch norm that has seen no batch is the identity.
  @Test func batchNormBeforeTraining() {
    let norm = BatchNorm(dimension: 3, name: "norm")
    let x = RandomKey(1).normal([4, 3]).detached()
    let (y, logDet) = handle(
      { norm.forwardAndLogDet(x, context: nil) },
      with: LawParameters(key: RandomKey(0), spread: nil))
    expectClose(y, x, within: .relative(1e-5, absolute: 1e-5))
    #expect(logDet.shape == [4] && abs(logDet).max().scalar() < 1e-4)
  }

  /// One coordinate has flows of every kind: guides of models with a single variable.
  @Test(arguments: ArchitectureCase.all.filter { $0.dimensions(1) == [1] })
  func oneCoordinate(_ subject: ArchitectureCase) throws {
    let model = { _ = sample("rate", Gamma(3, 2)) }
    let fit = try SVI(model, FlowGuide(flow: subject.architecture), optimizer: Adam(0.01))
      .run(steps: 2, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 200)
    // Zuko's neural flow starts far from the normal distribution that the others start near.
    let least = subject.description == "naf of Zuko" ? -.infinity : -0.5
    #expect(elbo > least && elbo < 4.9 * error, "\(elbo) ± \(error)")
  }

  /// The affine map of a mean and a matrix of one element, and a composition of nothing.
  @Test func smallestMaps() {
    let affine = LowerCholeskyAffine(loc: [3], scaleTril: [[2]])
    let moved = affine.forwardAndLogDet(Tensor([[1.5], [-1]]), context: nil)
    #expect(moved.y.array() == [6, 1])
    expectClose(moved.logDet, [log(2), log(2)], within: .ulps(1))
    let identity = Compose([])
    let (y, logDet) = identity.forwardAndLogDet(Tensor([1.5, 2]), context: nil)
    #expect(y.array() == [1.5, 2] && logDet.array() == [0, 0])
  }
}
