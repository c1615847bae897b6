import Testing

@testable import PPL

@Suite struct ChainRecordTests {
  private static func record(_ count: Int) -> ChainRecord {
    var record = ChainRecord(dimension: 1, capacity: count)
    let point = PhasePoint(dimension: 1)
    for number in 0..<count {
      point.position[0] = Double(number)
      record.add(Transition(acceptance: 1, isDivergent: false, steps: 1, depth: 1), point)
    }
    return record
  }

  /// 100 draws of each of two chains are more than 10 of each of four.
  @Test(arguments: [
    ([100, 100, 100], [100, 100, 100]), ([100, 100, 10, 0], [100, 100]),
    ([100, 70, 60], [100, 70, 60]),
    ([5, 0, 0], [5]), ([0, 0], [0, 0]), ([90, 100], [90, 100]),
  ])
  func longest(_ counts: [Int], _ kept: [Int]) {
    #expect(ChainRecord.longest(counts.map(Self.record)).map(\.count) == kept)
  }

  @Test func draws() {
    let record = Self.record(3)
    #expect(record.draws == [0, 1, 2] && record.logDensities.count == 3)
  }
}
