import CTensorKernels
import Foundation
import Testing

extension RuntimeTests {
  @Suite struct PoolTests {
    /// What the bodies of a region saw.
    final class Region: @unchecked Sendable {
      struct State {
        var calls: [Int]
        var running = Set<Int32>()
        var overlaps = 0
        var threads = Set<Int32>()
        var order: [Int64] = []
        var orders: [Int32: [Int64]] = [:]
        /// How many of the regions inside were not run in order by the thread that met them.
        var scattered = 0
      }
      private var shared: State
      private let lock = NSLock()  // one that the thread sanitizer knows
      let nested: Int
      let pause: UInt32

      init(count: Int, nested: Int = 0, pause: UInt32 = 0) {
        shared = State(calls: Array(repeating: 0, count: count))
        self.nested = nested
        self.pause = pause
      }

      func update(_ body: (inout State) -> Void) { lock.withLock { body(&shared) } }
      var state: State { lock.withLock { shared } }

      func body(_ i: Int64, _ thread: Int32) {
        update {
          $0.calls[Int(i)] += 1
          $0.overlaps += $0.running.insert(thread).inserted ? 0 : 1
          $0.threads.insert(thread)
          $0.order.append(i)
          $0.orders[thread, default: []].append(i)
        }
        if nested > 0 {
          let inner = Region(count: nested)
          inner.run()
          let seen = inner.state
          let isSerial = seen.order == (0..<Int64(nested)).map { $0 } && seen.threads == [0]
          if !isSerial { update { $0.scattered += 1 } }
        }
        if pause > 0 { usleep(pause) }
        update { $0.running.remove(thread) }
      }

      func run() {
        let count = Int64(state.calls.count)
        ctk_parallel(
          count,
          { context, i, thread in
            Unmanaged<Region>.fromOpaque(context!).takeUnretainedValue().body(i, thread)
          }, Unmanaged.passUnretained(self).toOpaque())
      }

      func check() {
        let seen = state
        #expect(seen.calls.allSatisfy { $0 == 1 })
        #expect(seen.overlaps == 0)
      }
    }

    @Test func runsEachCallOnce() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      for threads: Int32 in [1, 2, 3, 8, 2, 1, 4] {
        ctk_set_thread_count(threads)
        #expect(ctk_thread_count() == threads)
        for count in [0, 1, 2, 3, 7, 64, 1000] {
          let region = Region(count: count)
          region.run()
          region.check()
          #expect(region.state.threads.allSatisfy { $0 >= 0 && $0 < threads })
        }
      }
    }

    @Test func countIsClamped() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      #expect(before >= 1)
      ctk_set_thread_count(0)
      #expect(ctk_thread_count() == 1)
      ctk_set_thread_count(1000)
      #expect(ctk_thread_count() == Int32(CTK_MAX_THREADS))
    }

    @Test func usesSeveralThreads() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      ctk_set_thread_count(4)
      #expect(shared(of: 1, { Region(count: 16, pause: 5000) }).count == 1)
    }

    /// Runs regions until some were shared between threads: a region that finds the pool in use, by
    /// tests beside this one, is run by its caller alone.
    private func shared(of wanted: Int, _ make: () -> Region) -> [Region] {
      var shared: [Region] = []
      for _ in 0..<200 where shared.count < wanted {
        let region = make()
        region.run()
        region.check()
        if region.state.threads.count > 1 { shared.append(region) }
      }
      return shared
    }

    /// A thread runs the calls of its own share from the first on, and only then the last ones of
    /// others' shares.
    @Test func threadsStartWithTheirShares() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      let (threads, count) = (3, 20)
      ctk_set_thread_count(Int32(threads))
      let regions = shared(of: 20) { Region(count: count, pause: 500) }
      #expect(regions.count == 20)
      for region in regions {
        for (thread, calls) in region.state.orders {
          let thread = Int(thread)
          let share = count * thread / threads..<count * (thread + 1) / threads
          let own = calls.prefix { share.contains(Int($0)) }
          #expect(own.elementsEqual((0..<own.count).map { Int64(share.lowerBound + $0) }))
          #expect(calls.dropFirst(own.count).allSatisfy { !share.contains(Int($0)) })
        }
      }
      let own = regions.flatMap(\.state.orders).filter { thread, calls in
        calls.first == Int64(count * Int(thread) / threads)
      }
      #expect(own.count > 20, "workers took part with shares of their own")
    }

    @Test func wakesSleepingWorkers() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      ctk_set_thread_count(3)
      var round: UInt32 = 0
      let regions = shared(of: 10) {
        round += 1
        usleep(round % 20 * 300)
        return Region(count: 6, pause: 3000)
      }
      #expect(regions.count == 10)
    }

    @Test func nestedRegionsAreSerial() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      ctk_set_thread_count(4)
      let regions = shared(of: 20) { Region(count: 20, nested: 5, pause: 200) }
      #expect(regions.count == 20 && regions.allSatisfy { $0.state.scattered == 0 })
    }

    @Test func manyCallersAtOnce() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      ctk_set_thread_count(4)
      DispatchQueue.concurrentPerform(iterations: 8) { caller in
        for round in 0..<200 {
          let region = Region(count: 1 + (caller * 7 + round) % 40)
          region.run()
          region.check()
        }
      }
    }

    @Test func countChangesBetweenRegions() {
      let before = ctk_thread_count()
      defer { ctk_set_thread_count(before) }
      for round in 0..<300 {
        let threads = Int32(1 + (round * 5) % 9)
        ctk_set_thread_count(threads)
        if round % 50 == 0 { usleep(2000) }
        let region = Region(count: 30, pause: round % 2 == 0 ? 100 : 0)
        region.run()
        #expect(region.state.threads.allSatisfy { $0 < threads })
        region.check()
      }
    }
  }
}
