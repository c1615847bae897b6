import Foundation
import Synchronization

/// Whether an interrupt was asked for while a run was in progress. Global, because a signal is.
private let isRequested = Atomic<Bool>(false)

/// Runs that watch for an interrupt now, and what the signal did before the first of them.
private let watchers = Mutex<(count: Int, before: sigaction)>((0, sigaction()))

/// Turns the keyboard's interrupt (Ctrl-C) into a request to stop, while runs are in progress.
///
/// A second interrupt ends the process, as the first would have. A program with a handler of its own
/// keeps it.
enum Interruption {
  static var wasRequested: Bool { isRequested.load(ordering: .relaxed) }

  static func whileWatching<Result>(_ body: () throws -> Result) rethrows -> Result {
    watchers.withLock {
      if $0.count == 0 { $0.before = begin() }
      $0.count += 1
    }
    defer {
      watchers.withLock { state in
        state.count -= 1
        if state.count == 0 { sigaction(SIGINT, &state.before, nil) }
      }
    }
    return try body()
  }

  /// Installs the handler, unless the program has one; returns what was there.
  private static func begin() -> sigaction {
    isRequested.store(false, ordering: .relaxed)
    var before = sigaction()
    sigaction(SIGINT, nil, &before)
    guard before.isDefault else { return before }
    signal(SIGINT) { _ in
      guard isRequested.exchange(true, ordering: .relaxed) else { return }
      signal(SIGINT, SIG_DFL)
      raise(SIGINT)
    }
    return before
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
