internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Memory for tensors. Large blocks that were given back are kept for the next of their size, since
/// the system would clear fresh pages every time.
enum MemoryPool {
  private static let largeSize = 1 << 16
  private static let mostKeptBytes = 1 << 27
  private static let hugePage = 1 << 21

  private struct Kept {
    var blocks: [Int: [UnsafeMutableRawPointer]] = [:]
    var byteCount = 0
  }
  private static let kept = Locked(Kept())

  /// Bytes to leave free before a large tensor, different from one to the next: tensors that start
  /// at equal offsets in their pages slow each other's loops (4K aliasing).
  static func offset(_ byteCount: Int) -> Int {
    guard byteCount >= largeSize else { return 0 }
    return (turn.wrappingAdd(1, ordering: .relaxed).newValue & 7) * offsetStep
  }
  private static let offsetStep = 7 * 64
  private static let turn = Atomic<Int>(0)

  /// Memory for a tensor, with room for its offset.
  static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    if byteCount < 512 { return malloc(max(byteCount, 8)) }
    if byteCount >= largeSize, let block = reuse(byteCount) { return block }
    var memory: UnsafeMutableRawPointer?
    // A cache line, so that vector loads do not straddle two.
    let room = byteCount >= largeSize ? 7 * offsetStep : 0
    let isHuge = byteCount >= hugePage
    guard posix_memalign(&memory, isHuge ? hugePage : 64, byteCount + room) == 0 else { return nil }
    #if os(Linux)
      // Loops over several large tensors meet more small pages than the processor can look up.
      if isHuge { madvise(memory, byteCount + room, MADV_HUGEPAGE) }
    #endif
    return memory
  }

  private static func reuse(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    kept.withLock { kept in
      guard let block = kept.blocks[byteCount]?.popLast() else { return nil }
      kept.byteCount -= byteCount
      return block
    }
  }

  static func release(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    if byteCount < largeSize || !keep(pointer, byteCount) { free(pointer) }
  }

  private static func keep(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) -> Bool {
    kept.withLock { kept in
      guard kept.byteCount + byteCount <= mostKeptBytes else { return false }
      kept.blocks[byteCount, default: []].append(pointer)
      kept.byteCount += byteCount
      return true
    }
  }
}
