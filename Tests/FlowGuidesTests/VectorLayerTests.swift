import FlowGuides
import Foundation
import TestSupport
import Testing

/// A vector of another length than a layer was made for stops the program, that of a single element
/// too, which would be repeated.
@Suite struct VectorLayerTests {
  @Test func wrongLengths() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = DiagonalAffine(dimension: 3, name: "f").forward(Tensor.zeros([4, 1]))
      }, "DiagonalAffine: expected points of shape [3], got a tensor of shape [4, 1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = seeded(key: RandomKey(0)) {
          ActNorm(dimension: 3, name: "f").inverse(Tensor.zeros([1]))
        }
      }, "ActNorm: expected points of shape [3], got a tensor of shape [1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = seeded(key: RandomKey(0)) { Gate(dimension: 3, name: "f").forward(Tensor.zeros([1])) }
      }, "Gate: expected points of shape [3], got a tensor of shape [1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = seeded(key: RandomKey(0)) {
          BatchNorm(dimension: 3, name: "f").inverse(Tensor.zeros([1]))
        }
      }, "BatchNorm: expected points of shape [3], got a tensor of shape [1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = seeded(key: RandomKey(0)) { Planar(dimension: 3, name: "f").forward(Tensor.zeros([1])) }
      }, "Planar: expected points of shape [3], got a tensor of shape [1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = seeded(key: RandomKey(0)) { Radial(dimension: 3, name: "f").inverse(Tensor.zeros([1])) }
      }, "Radial: expected points of shape [3], got a tensor of shape [1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = seeded(key: RandomKey(0)) {
          Householder(dimension: 3, name: "f").forward(Tensor.zeros([1]))
        }
      }, "Householder: expected points of shape [3], got a tensor of shape [1]")
  }

  /// Shapes are foretold for that length only; batches of any shape are none of it.
  @Test func shapes() async {
    #expect(LULinear(dimension: 3, name: "f").forwardShape([2, 5, 3]) == [2, 5, 3])
    #expect(
      Coupling(
        .half([2, 2]), transformer: AffineTransformer(), network: MLP(hidden: []), name: "f"
      ).inverseShape([7, 2, 2]) == [7, 2, 2])
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Compose(FlowArchitecture.iaf().build(dimension: 3)).forwardShape([4])
      }, "InverseAutoregressive: expected points of shape [3]")
  }
}
