import Foundation
import Testing

@testable import PPL

/// A process killed while it writes leaves a whole file.
@Suite struct AtomicFileTests {
  /// A file of eight megabytes whose content follows from its number.
  static func write(_ number: Int, to path: String) throws {
    var file = SafeTensors()
    file["number"] = Tensor(number)
    file["elements"] = Tensor([Double](repeating: Double(number), count: 1 << 20))
    try file.write(to: path)
  }

  /// The child writes file after file on one thread and is killed, as by `kill -9`, at a moment that
  /// has nothing to do with what that thread does.
  @Test(arguments: [0, 3, 7, 12, 18]) func killed(_ milliseconds: Int) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a"
      try Self.write(0, to: path)
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, milliseconds = milliseconds as Int] in
        Thread.detachNewThread {
          var number = 1
          while (try? AtomicFileTests.write(number, to: path)) != nil { number += 1 }
        }
        while try SafeTensors(contentsOf: path)["number"]?.intArray() == [0] { usleep(200) }
        usleep(UInt32(1000 * milliseconds))
        kill(getpid(), SIGKILL)
        sleep(60)
      }
      let file = try SafeTensors(contentsOf: path)
      let number = try #require(file["number"]?.intArray()[0])
      #expect(number > 0)
      #expect(file["elements"]?.array().allSatisfy { $0 == Double(number) } == true)
      try Self.write(-1, to: path)
      #expect(try SafeTensors(contentsOf: path)["number"]?.intArray() == [-1])
    }
  }
}
