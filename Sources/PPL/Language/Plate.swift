/// Declares `size` independent copies of the sites in `body`, along a batch axis.
///
/// - Parameter axis: the batch axis, negative, counted from the innermost; by default the first
///   one that no enclosing plate uses.
@discardableResult
public func plate<Result>(
  _ name: String, _ size: Int, axis: Int? = nil, _ body: () throws -> Result
) rethrows -> Result {
  precondition(size > 0, "plate \"\(name)\": the size must be positive, got \(size)")
  let enclosing = enclosingPlates()
  precondition(
    !enclosing.contains { $0.name == name }, "plate \"\(name)\" inside a plate of the same name")
  let used = enclosing.map(\.axis)
  var free = -1
  while used.contains(free) { free -= 1 }
  let axis = axis ?? free
  precondition(axis < 0, "plate \"\(name)\": the axis must be negative, got \(axis)")
  if let other = enclosing.first(where: { $0.axis == axis }) {
    preconditionFailure(
      "plates \"\(other.name)\" and \"\(name)\" share axis \(axis); give one of them another axis")
  }
  return try handle(body, with: PlateHandler(.init(name: name, size: size, axis: axis)))
}

private func enclosingPlates() -> [Site.Plate] {
  var plates: [Site.Plate] = []
  var frame = HandlerFrame.current
  while let current = frame {
    if let handler = current.handler as? PlateHandler { plates.append(handler.plate) }
    frame = current.parent
  }
  return plates
}

/// Marks the sites in a plate, and repeats their distributions to its size.
struct PlateHandler: Handler {
  let plate: Site.Plate

  init(_ plate: Site.Plate) { self.plate = plate }

  func process(_ site: inout Site) {
    guard site.kind == .sample || site.kind == .factor else { return }
    site.plates.append(plate)
    guard let distribution = site.distribution else { return }
    let batch = distribution.batchShape
    if batch.rank >= -plate.axis, batch[batch.rank + plate.axis] == plate.size { return }
    guard let shape = batch.broadcast(with: site.plateShape) else {
      preconditionFailure(
        """
        site "\(site.name)" in plate "\(plate.name)": batch shape \(batch) does not agree with \
        the plate's size \(plate.size) at axis \(plate.axis); mark axes of one draw with toEvent()
        """)
    }
    site.distribution = distribution.expanded(to: shape)
  }
}
