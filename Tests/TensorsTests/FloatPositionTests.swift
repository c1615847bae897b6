import TestSupport
import Testing

@testable import Tensors

/// Positions that are whole numbers as floats, such as draws of a categorical distribution.
@Suite struct FloatPositionTests {
  static let table = Tensor([10.0, 11, 20, 21, 30, 31], shape: [3, 2])

  /// Every way of looking up takes them as it takes integers.
  @Test(arguments: [DType.float64, .float32]) func wholeNumbers(_ dtype: DType) {
    let whole = Tensor([2, 0, -1, 1])
    let positions = whole.cast(to: dtype)
    for z in [positions, positions.detached(), positions * 1] {
      expectClose(Self.table[z], Self.table[whole], within: .bits)
      expectClose(
        Self.table.gathered(z[1..<2], along: 1), Self.table.gathered(whole[1..<2], along: 1),
        within: .bits)
      let values = Tensor([1.0, 2, 3, 4])
      expectClose(
        values.scatterAdded(z, extent: 3), values.scatterAdded(whole, extent: 3), within: .bits)
      expectClose(values.takeAlong(z), values.takeAlong(whole), within: .bits)
      expectClose(values.putAlong(z, extent: 4), values.putAlong(whole, extent: 4), within: .bits)
      expectClose(oneHot(z, count: 3), oneHot(whole, count: 3), within: .bits)
    }
    #expect(Self.table[Tensor(1.0)].array() == [20, 21])
  }

  @Test func gradients() {
    let x = Tensor([1.0, 2, 3])
    let z = Tensor([2.0, 0, 2])
    let slopes = gradient(of: square(x[z * 1]).sum(), withRespectTo: [x, z])
    expectClose(slopes[0], [2, 0, 12], shape: [3])
    expectClose(slopes[1], [0, 0, 0], shape: [3])
  }

  /// Compiled, where values are not there to be seen.
  @Test func compiled() throws {
    let pick = try compile(for: [Tensor([0.0, 0])]) { [Self.table.gathered($0[0], along: 0)] }
    #expect(pick([Tensor([2.0, 1])])[0].array() == [30, 31, 20, 21])
    let wrong = pick([Tensor([0.5, .nan])])[0].array()
    #expect(wrong.allSatisfy { $0.isNaN }, "\(wrong)")
  }

  /// What is computed and not whole is no position.
  @Test func others() {
    let z = Tensor([0.5, 1, .nan, .infinity, -.infinity, 3, -4]) * 1
    expectClose(
      Tensor([5.0, 6, 7])[z], [.nan, 6, .nan, .nan, .nan, .nan, .nan], shape: [7])
    expectClose(oneHot(Tensor([0.5, 1]) * 1, count: 2), [0, 0, 0, 1], shape: [2, 2])
  }

  /// Codes that count from 1, say.
  @Test func givenOutOfRange() async {
    #expect(Tensor([5.0, 6, 7])[Tensor([-3, 2])].array() == [5, 7])
    #expect(Tensor([5.0, 6, 7])[Tensor([-3.0, 2])].array() == [5, 7])
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([5.0, 6, 7])[Tensor([1, 2, 3])]
    }
    expectTrap(result, "position 3, element 2 of the index", "count from 0")
    let float = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([5.0, 6, 7])[Tensor([1.0, -4])]
    }
    expectTrap(float, "position -4, element 1")
    let endless = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([5.0, 6, 7])[Tensor([1.0, .infinity])]
    }
    expectTrap(endless, "position inf, element 1", "out of range for an axis of 3")
    #expect(oneHot(Tensor([1.0, .infinity, 1e300]), count: 2).array() == [0, 1, 0, 0, 0, 0])
  }

  @Test func givenFractions() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([5.0, 6, 7])[Tensor([1.0, 2, 0.25])]
    }
    expectTrap(result, "position 0.25, element 2 of the index")
  }
}
