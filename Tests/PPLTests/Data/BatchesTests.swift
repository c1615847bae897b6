import CGSL
import Foundation
import TestSupport
import Testing

@testable import PPL

@Suite struct BatchesTests {
  private let key = RandomKey(3)

  private func rows(_ count: Int) -> Tensor { Tensor.arange(count) }

  // MARK: Order

  @Test(arguments: [(10, 5), (10, 3), (7, 7), (1, 1), (100, 64), (12, 1)])
  func `an epoch has every row once`(_ rowCount: Int, _ size: Int) {
    let batches = Batches([rows(rowCount)], size: size)
    // As many batches as fill whole epochs.
    let all = (0..<rowCount).flatMap { batches.indices(step: $0, key: key) }
    #expect(all.count == rowCount * size)
    for epoch in 0..<size {
      #expect(all[epoch * rowCount..<(epoch + 1) * rowCount].sorted() == Array(0..<rowCount))
    }
  }

  @Test func `epochs and keys have orders of their own`() {
    let batches = Batches([rows(50)], size: 50)
    let orders =
      (0..<20).map { batches.indices(step: $0, key: key) }
      + (0..<20).map { batches.indices(step: $0, key: RandomKey($0 + 10)) }
    #expect(Set(orders).count == 40)
  }

  /// A function of step and key: what was asked for before does not matter.
  @Test func `a resumed run goes on with the same rows`() {
    let batches = Batches([rows(23)], size: 5)
    let forward = (0..<40).map { batches.indices(step: $0, key: key) }
    for step in (0..<40).reversed() {
      _ = batches.indices(step: step, key: RandomKey(8))
      #expect(batches.indices(step: step, key: key) == forward[step])
      #expect(Batches([rows(23)], size: 5).indices(step: step, key: key) == forward[step])
    }
  }

  @Test func `many tasks at once`() async {
    let batches = Batches([rows(40)], size: 7)
    let expected = (0..<60).map { Batches([rows(40)], size: 7).indices(step: $0, key: key) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { [key] in
          for (step, rows) in expected.enumerated() {
            #expect(batches.indices(step: step, key: key) == rows)
          }
        }
      }
    }
  }

  /// Pearson's χ² of the 24 orders of four rows over 12,000 epochs allows one false alarm in a
  /// million. An order that is likelier than others by a fifth adds 20 to its mean of 23; the bound
  /// is 74, which a third of the orders that are likelier by a fifth pass.
  @Test func `every order is equally likely`() {
    let batches = Batches([rows(4)], size: 4)
    var counts: [[Int]: Double] = [:]
    let epochs = 12_000
    for step in 0..<epochs { counts[batches.indices(step: step, key: key), default: 0] += 1 }
    let expected = Double(epochs) / 24
    let statistic = counts.values.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    #expect(counts.count == 24 && statistic < gsl_cdf_chisq_Qinv(1e-6, 23), "\(statistic)")
  }

  /// rowCount / size times the sum over a batch estimates the whole sum, also for batches that end
  /// one epoch and begin the next: |z| < 4.9, one false alarm in a million.
  ///
  /// 3,000 keys, values 0, 1, 4, …, 36 of sum 91: the sd of an estimate is about 33, so that a bias
  /// of 6, such as batches that leave out what is left of an epoch's end would give if they were
  /// scaled by it, is caught.
  @Test(arguments: [0, 1, 2]) func `sums over batches have no bias`(_ step: Int) {
    let batches = Batches([rows(7)], size: 3)
    let estimates = (0..<3000).map { seed in
      let rows = batches.indices(step: step, key: key.foldIn(seed))
      return rows.reduce(0.0) { $0 + Double($1 * $1) } * 7 / 3
    }
    let mean = estimates.reduce(0, +) / 3000
    let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2999
    #expect(isPlausible(mean, 91, sd: variance.squareRoot(), count: 3000), "\(mean)")
  }

  // MARK: Rows

  @Test func `arrays are cut into the same rows`() {
    var generator = SeededGenerator(seed: 2)
    let arrays = [
      Tensor(generator.uniform(11, in: -1...1)),
      Tensor(generator.uniform(11, in: -1...1), dtype: .float32),
      Tensor(generator.uniform(66, in: -1...1), shape: [11, 2, 3]),
      Tensor(generator.uniform(33, in: -1...1), shape: [11, 3], dtype: .float32),
      Tensor.arange(11) * 7, Tensor((0..<44).map { _ in generator.chance(0.5) }, shape: [11, 4]),
      Tensor((0..<11).map { $0 % 2 == 0 }), Tensor([Double](), shape: [11, 0]),
      // Not laid out yet.
      Tensor(generator.uniform(22, in: -1...1), shape: [2, 11]).transposed() * 2,
    ]
    let batches = Batches(arrays, size: 4)
    for step in 0..<6 {
      let indices = Tensor(batches.indices(step: step, key: key))
      for (array, batch) in zip(arrays, batches.tensors(step: step, key: key)) {
        expectSameBits(batch, array.gathered(indices), "\(array.dtype) \(array.shape)")
      }
    }
  }

  @Test func `rows go to memory that is there`() {
    let batches = Batches([rows(10), rows(20).reshaped(to: [10, 2])], size: 3)
    let memory = [24, 48, 24].map { Storage(byteCount: $0) }
    for step in 0..<5 {
      batches.gather(step: step, key: key.hostValue, into: memory)
      let expected = batches.tensors(step: step, key: key)
      #expect(memory[0].array(of: Int64.self, count: 3).map(Int.init) == expected[0].intArray())
      #expect(memory[1].array(of: Int64.self, count: 6).map(Int.init) == expected[1].intArray())
      let numbers = memory[2].array(of: Int64.self, count: 3).map(Int.init)
      #expect(numbers == batches.indices(step: step, key: key))
    }
  }

  @Test func `arrays that do not go together`() async {
    let unequal = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Batches([Tensor.zeros([3]), Tensor.zeros([4, 3])], size: 2)
    }
    let large = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Batches([Tensor.zeros([3])], size: 4)
    }
    expectTrap(unequal, "Batches", "[4, 3]")
    expectTrap(large, "Batches", "1...3")
  }
}
