/// A number that damage to a file changes: equal contents have equal ones, and contents that differ
/// in one eight-byte word never do.
///
/// FNV-1a (Fowler, Noll and Vo) over eight bytes at a time, little-endian, with a shift so that all
/// bits of a word count: h ← (h ⊕ word) · (2⁴⁰ + 435), h ← h ⊕ ⌊h / 2³²⌋. Each piece is preceded by
/// its length in bytes and padded with zeros to whole words.
struct Checksum {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  private mutating func add(_ word: UInt64) {
    state = (state ^ word) &* 0x100_0000_01b3
    state ^= state >> 32
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let whole = bytes.count & ~7
    for offset in stride(from: 0, to: whole, by: 8) {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }
    guard whole < bytes.count else { return }
    var last: UInt64 = 0
    for offset in whole..<bytes.count { last |= UInt64(bytes[offset]) << (8 * (offset - whole)) }
    add(last)
  }

  mutating func add(_ text: String) { Array(text.utf8).withUnsafeBytes { add($0) } }

  /// Sixteen hexadecimal digits.
  var text: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
