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
}
