public import Tensors

/// Mini-batches of the rows of some arrays: what a step of a fit takes as its data.
///
/// The rows are gone through in epochs. Each epoch has every row once, in a random order that is a
/// function of a key and the epoch's number, so that a fit that is resumed goes on with the rows it
/// would have had. Batch t is made of the positions t · size ..< (t + 1) · size of all the epochs one
/// after another: where the number of rows is no multiple of the size, a batch ends one epoch and
/// begins the next. Every place of a batch has each row with probability 1 / rowCount, so that
/// rowCount / size times a sum over the batch estimates the sum over all rows without bias.
public final class Batches: Sendable {
  /// The arrays; their first axes are the rows.
  public let arrays: [Tensor]
  /// The number of rows in a batch.
  public let size: Int
  /// The number of rows in all.
  public let rowCount: Int

  private struct Epoch {
    var key: Int64
    var number: Int
    var order: [Int]
  }

  /// The order used last. It only saves time.
  private let latest = Locked(Epoch(key: 0, number: -1, order: []))

  /// - Parameters:
  ///   - arrays: of any dtypes, with one row or element for each individual, in the same order.
  ///   - size: the number of rows in a batch, at most that of all rows.
  public init(_ arrays: [Tensor], size: Int) {
    precondition(!arrays.isEmpty, "Batches: no arrays")
    let counts = arrays.map { $0.rank > 0 ? $0.shape[0] : 0 }
    precondition(
      counts.allSatisfy { $0 == counts[0] },
      "Batches: the arrays need equal numbers of rows, got the shapes \(arrays.map(\.shape))")
    precondition(
      size > 0 && size <= counts[0],
      "Batches: the size must be in 1...\(counts[0]), the number of rows, got \(size)")
    self.arrays = arrays.map { $0.detached() }
    self.size = size
    rowCount = counts[0]
  }

  /// The rows of the batch of a step.
  public func indices(step: Int, key: RandomKey) -> [Int] { indices(step, key.hostValue) }

  /// The batch of a step: arrays of `size` rows.
  public func tensors(step: Int, key: RandomKey) -> [Tensor] {
    numberedTensors(step: step, key: key.hostValue).dropLast()
  }

  /// The batch of a step, and after it the numbers of its rows.
  func numberedTensors(step: Int, key: Int64) -> [Tensor] {
    let storages = arrays.map { Storage(byteCount: size * $0.rowByteCount) }
    let numbers = Storage(byteCount: size * 8)
    gather(step: step, key: key, into: storages + [numbers])
    let rows = zip(arrays, storages).map { array, storage in
      Tensor(storage: storage, shape: [size] + array.shape.dropFirst(), dtype: array.dtype)
    }
    return rows + [Tensor(storage: numbers, shape: [size], dtype: .int64)]
  }

  /// Copies the batch of a step, and after it the numbers of its rows, to memory that has room.
  func gather(step: Int, key: Int64, into storages: [Storage]) {
    let rows = indices(step, key)
    for (array, storage) in zip(arrays, storages) { array.copyRows(rows, to: storage.pointer) }
    let numbers = storages[arrays.count].pointer.assumingMemoryBound(to: Int64.self)
    for (place, row) in rows.enumerated() { numbers[place] = Int64(row) }
  }

  private func indices(_ step: Int, _ key: Int64) -> [Int] {
    precondition(step >= 0, "Batches: the step must not be negative, got \(step)")
    var position = step * size
    let end = position + size
    var result: [Int] = []
    result.reserveCapacity(size)
    while position < end {
      let (number, start) = position.quotientAndRemainder(dividingBy: rowCount)
      let count = min(end - position, rowCount - start)
      result += order(number, key)[start..<start + count]
      position += count
    }
    return result
  }

  /// The order of the rows in an epoch.
  private func order(_ number: Int, _ key: Int64) -> [Int] {
    let last = latest.withLock { $0 }
    if last.number == number && last.key == key { return last.order }
    let own = RandomKey.hostFoldIn(key, RandomKey.datum(of: "batches"))
    let order = RandomKey.host(RandomKey.hostFoldIn(own, number)).permutation(rowCount).intArray()
    latest.withLock { $0 = Epoch(key: key, number: number, order: order) }
    return order
  }
}

extension Tensor {
  fileprivate var rowByteCount: Int { count / shape[0] * dtype.byteCount }

  /// Copies rows, one after another.
  fileprivate func copyRows(_ rows: [Int], to memory: UnsafeMutableRawPointer) {
    let storage = evaluated()
    defer { withExtendedLifetime(storage) {} }
    switch rowByteCount {
    case 8: copyElements(rows, storage.pointer, memory, UInt64.self)
    case 4: copyElements(rows, storage.pointer, memory, UInt32.self)
    case let width:
      for (place, row) in rows.enumerated() {
        memory.advanced(by: place * width)
          .copyMemory(from: storage.pointer + row * width, byteCount: width)
      }
    }
  }

  private func copyElements<Bits>(
    _ rows: [Int], _ source: UnsafeMutableRawPointer, _ memory: UnsafeMutableRawPointer,
    _ type: Bits.Type
  ) {
    let (from, to) = (source.assumingMemoryBound(to: type), memory.assumingMemoryBound(to: type))
    for (place, row) in rows.enumerated() { to[place] = from[row] }
  }
}
