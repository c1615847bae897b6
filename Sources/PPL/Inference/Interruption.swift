import Foundation
import Synchronization

/// Whether an interrupt was asked for while a run was in progress. Global, because a signal is.
private let isRequested = Atomic<Bool>(false)

/// Runs that watch for an interrupt now, and whether the first of them installed the handler.
private let watchers = Locked<(count: Int, isInstalled: Bool)>((0, false))

/// Turns the keyboard's interrupt (Ctrl-C) into a request to stop, while runs are in progress.
///
/// A second interrupt ends the process, as the first would have. A program with a handler of its own
/// keeps it.
enum Interruption {
  static var wasRequested: Bool { isRequested.load(ordering: .relaxed) }

  static func whileWatching<Result>(_ body: () throws -> Result) rethrows -> Result {
    watchers.withLock {
      if $0.count == 0 { $0.isInstalled = begin() }
      $0.count += 1
    }
    defer {
      watchers.withLock { state in
        state.count -= 1
        if state.count == 0, state.isInstalled { signal(SIGINT, SIG_DFL) }
      }
    }
    return try body()
  }

  /// Installs the handler, unless the program has one; returns whether it did.
  private static func begin() -> Bool {
    isRequested.store(false, ordering: .relaxed)
    var present = sigaction()
    sigaction(SIGINT, nil, &present)
    guard present.isDefault else { return false }
    signal(SIGINT) { _ in
      guard isRequested.exchange(true, ordering: .relaxed) else { return }
      signal(SIGINT, SIG_DFL)
      raise(SIGINT)
    }
    return true
  }
}

extension sigaction {
  /// Whether the signal does what it does in a program that never heard of it.
  fileprivate var isDefault: Bool {
    #if canImport(Darwin)
      let handler = __sigaction_u.__sa_handler
    #else
      let handler = __sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == 0
  }
}
