/// A block of memory that holds a tensor's elements, row-major.
///
/// `@unchecked Sendable`: written only before it is attached to a node or handed to a caller, and
/// by the one plan that produces it; read-only from then on.
package final class Storage: @unchecked Sendable {
  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int
  private let offset: Int

  /// Memory of the given size, not initialised.
  package init(byteCount: Int) {
    self.byteCount = byteCount
    guard let memory = MemoryPool.allocate(byteCount) else {
      preconditionFailure("no memory for a tensor of \(byteCount) bytes")
    }
    offset = MemoryPool.offset(byteCount)
    pointer = memory + offset
  }

  /// A copy of the elements of an array.
  convenience init<Element>(_ elements: [Element]) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    elements.withUnsafeBytes { source in
      if let base = source.baseAddress {
        pointer.copyMemory(from: base, byteCount: source.count)
      }
    }
  }

  /// The elements of an array, converted.
  @inline(__always)
  convenience init<Source, Element>(_ elements: [Source], _ convert: (Source) -> Element) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    let typed = pointer.bindMemory(to: Element.self, capacity: elements.count)
    for index in elements.indices { typed[index] = convert(elements[index]) }
  }

  /// A fresh copy.
  package func copied() -> Storage {
    let copy = Storage(byteCount: byteCount)
    copy.pointer.copyMemory(from: pointer, byteCount: byteCount)
    return copy
  }

  deinit { MemoryPool.release(pointer - offset, byteCount) }

  package func array<Element>(of type: Element.Type, count: Int) -> [Element] {
    guard count > 0 else { return [] }
    let typed = pointer.assumingMemoryBound(to: type)
    return [Element](UnsafeBufferPointer(start: typed, count: count))
  }
}
