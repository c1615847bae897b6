import CGSL
import CTensorKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Distinct numbers drawn from a key, against the uniform distribution over ordered choices.
///
/// Every χ² allows a correct sampler to fail for one key in a million; the keys are fixed. With
/// 200,000 choices and 870 cells, a tenth of which are likelier by a tenth, χ² grows by 200 over a
/// mean of 869, whose bound is 1079.
@Suite struct RandomChoiceTests {
  private static let draws = 200_000
  private let key = RandomKey(7)

  /// Rows of choices under keys of their own.
  private func rows(from size: Int, count: Int, _ draws: Int = draws) -> [[Int]] {
    let number = Tensor([0], shape: [])
    let choice = key.foldIn("\(size) \(count)").foldIn(number).choice(from: size, count: count)
    let all = batch([choice], over: number, values: Tensor.arange(draws))[0].intArray()
    return (0..<draws).map { Array(all[$0 * count..<($0 + 1) * count]) }
  }

  /// Pearson's χ² of equally likely cells.
  private func expectUniform(
    _ outcomes: [Int], cells: Int, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var counts = [Int](repeating: 0, count: cells)
    for outcome in outcomes { counts[outcome] += 1 }
    let expected = Double(outcomes.count) / Double(cells)
    let statistic = counts.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
    let bound = gsl_cdf_chisq_Qinv(1e-6, Double(cells - 1))
    #expect(statistic < bound, "\(what): χ² \(statistic)", sourceLocation: sourceLocation)
  }

  /// The number of an ordered pair of distinct numbers.
  private func pair(_ a: Int, _ b: Int, _ size: Int) -> Int { a * (size - 1) + (b < a ? b : b - 1) }

  @Test(arguments: [
    (2, 2, 0, 1), (5, 2, 0, 1), (7, 3, 2, 0), (6, 6, 1, 5), (30, 20, 3, 17), (30, 4, 1, 3),
  ])
  func `every ordered pair is equally likely`(_ size: Int, _ count: Int, _ i: Int, _ j: Int) {
    expectUniform(
      rows(from: size, count: count).map { pair($0[i], $0[j], size) }, cells: size * (size - 1),
      "places \(i) and \(j) of \(count) out of \(size)")
  }

  @Test func `every order is equally likely`() {
    let orders = rows(from: 4, count: 4).map { row in
      (row[0] * 4 + row[1]) * 4 + row[2]
    }
    let possible = Set(orders).sorted()
    #expect(possible.count == 24)
    expectUniform(orders.compactMap(possible.firstIndex), cells: 24, "orders of 4")
  }

  @Test func `every number is equally likely at every place`() {
    let rows = rows(from: 100, count: 10)
    for place in 0..<10 { expectUniform(rows.map { $0[place] }, cells: 100, "place \(place)") }
  }

  @Test(arguments: [
    (1, 1), (10, 10), (11, 10), (20, 10), (1000, 999), (100_000, 300), (1 << 40, 5000), (9, 0),
  ])
  func `the numbers are distinct and in range`(_ size: Int, _ count: Int) {
    for row in rows(from: size, count: count, 50) {
      #expect(Set(row).count == count)
      #expect(row.allSatisfy { (0..<size).contains($0) })
    }
  }

  @Test func `a permutation has every number once`() {
    for count in [1, 2, 17, 3000] {
      let order = key.permutation(count)
      #expect(order.shape == [count] && order.dtype == .int64)
      #expect(order.intArray().sorted() == Array(0..<count))
    }
    #expect(key.permutation(300).intArray() != Array(0..<300))
  }

  /// Of 3 · 2⁶¹ numbers those that leave a rest of 2 have two words out of eight if no word is
  /// refused: a quarter instead of a third.
  @Test func `huge sizes have no bias`() {
    let rests = rows(from: 3 << 61, count: 1).map { $0[0] % 3 }
    expectUniform(rests, cells: 3, "rests")
  }

  @Test func `the numbers depend on neither plan, batch nor threads`() throws {
    let alone = key.choice(from: 5000, count: 600).intArray()
    let step = Tensor([3], shape: [])
    let function = try compile(for: [step]) { [key.foldIn($0[0]).choice(from: 5000, count: 600)] }
    #expect(
      function([step])[0].intArray() == key.foldIn(3).choice(from: 5000, count: 600).intArray())
    let threads = ctk_thread_count()
    defer { ctk_set_thread_count(threads) }
    let choice = key.foldIn(step).choice(from: 5000, count: 600)
    for count in [1, 4] {
      ctk_set_thread_count(Int32(count))
      let rows = batch([choice], over: step, values: Tensor.arange(40))[0]
      for number in [0, 3, 39] {
        #expect(
          rows[number].intArray() == key.foldIn(number).choice(from: 5000, count: 600).intArray())
      }
      let (x, y) = (key.choice(from: 5000, count: 600), key.normal([600]))
      eval([x, y, (x * 2).sum()])
      #expect(x.intArray() == alone)
    }
  }

  @Test func `a choice is not a prefix of the key's other draws`() {
    let words = key.bits([50]).intArray()
    let again = RandomChoice(from: 1000)(Tensor(words)).intArray()
    #expect(key.choice(from: 1000, count: 50).intArray() != again)
  }

  @Test func `more numbers than there are`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RandomKey(0).choice(from: 3, count: 4)
    }
    expectTrap(result, "4 distinct numbers out of 3")
  }
}
