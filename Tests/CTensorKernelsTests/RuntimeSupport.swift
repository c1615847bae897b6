import CTensorKernels
import Foundation
import Testing

/// Tests of the runtime set the number of threads, which is one for the process: one at a time.
@Suite(.serialized) enum RuntimeTests {}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform between -1 and 1.
  mutating func signed() -> Double { Double(Int64(bitPattern: next()) >> 11) * 0x1p-52 }

  mutating func array<T: KernelElement>(_ count: Int, of type: T.Type = T.self) -> [T] {
    (0..<count).map { _ in T.random(&self) }
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// Runs one instruction on arrays.
func runKernel<D, A, B, X>(
  _ fn: ctk_fn?, _ d: inout [D], _ a: [A], _ b: [B], x: X, n: Int = 0, start: Int = 0,
  first: Bool = false
) throws {
  let fn = try #require(fn)
  d.withUnsafeMutableBytes { d in
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        withUnsafePointer(to: x) { x in
          var i = ctk_instr()
          i.n = Int64(n)
          i.start = Int64(start)
          i.d = d.baseAddress?.assumingMemoryBound(to: CChar.self)
          i.a = a.baseAddress?.assumingMemoryBound(to: CChar.self)
          i.b = b.baseAddress?.assumingMemoryBound(to: CChar.self)
          i.x = UnsafeRawPointer(x)
          i.first = first ? 1 : 0
          fn(&i)
        }
      }
    }
  }
}

func runKernel<D, A, X>(
  _ fn: ctk_fn?, _ d: inout [D], _ a: [A], x: X, n: Int = 0, start: Int = 0, first: Bool = false
) throws {
  try runKernel(fn, &d, a, [UInt8](), x: x, n: n, start: start, first: first)
}

func sameBits<T>(_ a: [T], _ b: [T]) -> Bool {
  a.withUnsafeBytes { a in
    b.withUnsafeBytes { b in
      a.count == b.count && (a.isEmpty || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0)
    }
  }
}

/// The result of `body`, which must be the same for any number of threads.
func onAnyThreads<T>(_ body: () throws -> [T]) rethrows -> [T] {
  let before = ctk_thread_count()
  defer { ctk_set_thread_count(before) }
  ctk_set_thread_count(1)
  let result = try body()
  for threads: Int32 in [2, 4] {
    ctk_set_thread_count(threads)
    #expect(sameBits(try body(), result), "\(threads) threads")
  }
  return result
}

/// The largest difference between the elements of two arrays, NaN matching NaN.
func distance<T: BinaryFloatingPoint>(_ a: [T], _ b: [T]) -> Double {
  guard a.count == b.count else { return .infinity }
  var largest = 0.0
  for (x, y) in zip(a.map { Double($0) }, b.map { Double($0) }) {
    if x == y || (x.isNaN && y.isNaN) { continue }
    largest = (x - y).isNaN ? .infinity : max(largest, abs(x - y))
  }
  return largest
}

/// Sum of a[p * stepA] b[p * stepB]; not generic, so that it is bearable without optimisation.
func dot(
  _ a: UnsafePointer<Double>, _ stepA: Int, _ b: UnsafePointer<Double>, _ stepB: Int, count: Int
) -> Double {
  var sum = 0.0
  var p = 0
  while p < count {
    sum += a[p * stepA] * b[p * stepB]
    p += 1
  }
  return sum
}

extension BinaryFloatingPoint {
  /// A unit in the last place of 1.
  static var epsilon: Double { Double(Self(1).ulp) }
}
