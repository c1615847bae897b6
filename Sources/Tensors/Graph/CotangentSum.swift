extension Cotangent {
  /// The sum of what arrived at a node, nil if nothing did.
  ///
  /// Cotangents of slices are zero outside their part. When the parts of several slices tile an
  /// axis, as after `split`, their sum is a concatenation, which costs nothing.
  static func sum(_ arrived: [Cotangent]) -> Cotangent? {
    var rest = arrived
    var total: Cotangent?
    if let tiles = joinTiles(&rest) { total = tiles }
    for cotangent in rest { total = total.map { $0 + cotangent } ?? cotangent }
    return total
  }

  /// Takes the cotangents that tile an axis out of the list and joins them.
  private static func joinTiles(_ arrived: inout [Cotangent]) -> Cotangent? {
    var tiles: [(start: Int, count: Int, position: Int)] = []
    var axis: Int?
    for (position, cotangent) in arrived.enumerated() {
      guard let place = cotangent.tensor.node.operation as? PlaceOperation, place.step == 1,
        axis == nil || axis == place.axis, let part = cotangent.tensor.node.inputs.first
      else { continue }
      axis = place.axis
      tiles.append((place.start, part.shape[place.axis], position))
    }
    guard let axis, tiles.count > 1 else { return nil }
    tiles.sort { $0.start < $1.start }
    let extent = arrived[tiles[0].position].tensor.shape[axis]
    var end = 0
    for tile in tiles {
      guard tile.start == end else { return nil }
      end += tile.count
    }
    guard end == extent else { return nil }
    let parts = tiles.compactMap { arrived[$0.position].tensor.node.inputs.first.map(Tensor.init) }
    let isMasked = tiles.contains { arrived[$0.position].isMasked }
    let taken = Set(tiles.map(\.position))
    arrived = arrived.indices.filter { !taken.contains($0) }.map { arrived[$0] }
    return Cotangent(concat(parts, along: axis), isMasked: isMasked)
  }
}
