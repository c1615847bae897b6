internal import CTensorKernels

/// The threads among which large loops and products are divided.
public enum Threads {
  /// How many, the caller's included; by default as many as there are processors. Results do not
  /// depend on it. Raise it only while no tensor is being evaluated.
  public static var count: Int {
    get { Int(ctk_thread_count()) }
    set {
      precondition(
        newValue > 0 && newValue <= Int(CTK_MAX_THREADS),
        "Threads.count must be in 1...\(CTK_MAX_THREADS), got \(newValue)")
      ctk_set_thread_count(Int32(newValue))
    }
  }

  /// Calls `body` with the numbers below `count`, as many at a time as there are threads. What the
  /// calls compute is not divided further.
  package static func concurrently(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Calls(body: body)) { calls in
        ctk_parallel(
          Int64(count), { calls, number, _ in calls?.load(as: Calls.self).body(Int(number)) },
          UnsafeMutableRawPointer(mutating: calls))
      }
    }
  }

  private struct Calls {
    let body: @Sendable (Int) -> Void
  }
}
