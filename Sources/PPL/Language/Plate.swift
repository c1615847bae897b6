/// Declares `size` independent copies of the sites in `body`, along a batch axis.
///
/// - Parameter axis: the batch axis, negative, counted from the innermost; by default the first
///   one that no enclosing plate uses.
@discardableResult
public func plate<Result>(
  _ name: String, _ size: Int, axis: Int? = nil, _ body: () throws -> Result
) rethrows -> Result {
  let plate = makePlate(name, size, count: size, axis)
  return try handle(body, with: PlateHandler(plate))
}

/// Declares `size` independent copies of the sites in `body`, and computes with a random subset.
///
/// Log densities in the body are multiplied by size / subsampleSize, so that sums over the subset
/// estimate those over the whole without bias. The subset is drawn anew at every step, the same in
/// model and guide.
///
/// - Parameters:
///   - subsampleSize: how many copies to compute with, all of them if nil.
///   - body: receives their indices, a vector of int64.
@discardableResult
public func plate<Result>(
  _ name: String, _ size: Int, subsampleSize: Int? = nil, axis: Int? = nil,
  _ body: (Tensor) throws -> Result
) rethrows -> Result {
  let count = subsampleSize ?? size
  precondition(
    count > 0 && count <= size,
    "plate \"\(name)\": subsampleSize must be in 1...\(size), got \(count)")
  let plate = makePlate(name, size, count: count, axis)
  guard count < size else {
    return try handle({ try body(Tensor.arange(size)) }, with: PlateHandler(plate))
  }
  let indices = subset(plate)
  return try handle({ try body(indices) }, with: PlateHandler(plate, indices: indices))
}

/// Declares `size` independent copies of the sites in `body`, of which `subsample` are computed
/// with: a random subset chosen by the caller.
@discardableResult
public func plate<Result>(
  _ name: String, _ size: Int, subsample: Tensor, axis: Int? = nil, _ body: () throws -> Result
) rethrows -> Result {
  precondition(
    subsample.rank == 1 && subsample.count > 0,
    "plate \"\(name)\": expected a vector of indices, got the shape \(subsample.shape)")
  let plate = makePlate(name, size, count: subsample.count, axis)
  return try handle(body, with: PlateHandler(plate, indices: subsample))
}

/// Nested plates of the given sizes, named `prefix_0` (innermost), `prefix_1`, …, along adjacent
/// axes: `sizes` reads like the shape they make.
@discardableResult
public func plateStack<Result>(
  _ prefix: String, _ sizes: [Int], rightmostAxis: Int = -1, _ body: () throws -> Result
) rethrows -> Result {
  guard let size = sizes.first else { return try body() }
  let depth = sizes.count - 1
  return try plate("\(prefix)_\(depth)", size, axis: rightmostAxis - depth) {
    try plateStack(prefix, Array(sizes.dropFirst()), rightmostAxis: rightmostAxis, body)
  }
}

/// Runs `body` once for each of `size` conditionally independent copies.
///
/// The sites of each pass need names of their own.
///
/// - Parameter subsampleSize: how many of the copies, chosen at random, to run; their log densities
///   are multiplied by size / subsampleSize. The model is then run anew at every step.
/// - Returns: the results of the passes.
@discardableResult
public func sequentialPlate<Result>(
  _ name: String, _ size: Int, subsampleSize: Int? = nil, _ body: (Int) throws -> Result
) rethrows -> [Result] {
  let count = subsampleSize ?? size
  _ = enclosingPlates(of: name, size)
  precondition(
    count > 0 && count <= size,
    "plate \"\(name)\": subsampleSize must be in 1...\(size), got \(count)")
  let plate = Site.Plate(name: name, size: size, axis: 0, count: count)
  let indices = count < size ? subset(plate).intArray() : Array(0..<size)
  return try indices.map { index in
    let iteration = Site.Iteration(plate: name, index: index)
    return try handle(
      { try body(index) }, with: IterationHandler(iteration: iteration, scale: plate.scale))
  }
}

/// The rows of `data` that belong to the subsets of the enclosing plates.
///
/// Axes that have the size of a whole plate are cut down; others are left alone.
///
/// - Parameter eventRank: how many inner axes of `data` belong to one copy.
public func subsample(_ data: Tensor, eventRank: Int = 0) -> Tensor {
  var result = data
  HandlerFrame.visit(PlateHandler.self) { handler in
    result = handler.rows(of: result, eventRank: eventRank, what: "subsample")
  }
  return result
}

// MARK: Making plates

func makePlate(_ name: String, _ size: Int, count: Int, _ axis: Int?) -> Site.Plate {
  let enclosing = enclosingPlates(of: name, size)
  var free = -1
  while enclosing.contains(where: { $0.axis == free }) { free -= 1 }
  let axis = axis ?? free
  precondition(axis < 0, "plate \"\(name)\": the axis must be negative, got \(axis)")
  if let other = enclosing.first(where: { $0.axis == axis }) {
    preconditionFailure(
      "plates \"\(other.name)\" and \"\(name)\" share axis \(axis); give one of them another axis")
  }
  return Site.Plate(name: name, size: size, axis: axis, count: count)
}

/// The plates that a new one stands in, none of which may have its name.
private func enclosingPlates(of name: String, _ size: Int) -> [Site.Plate] {
  precondition(size > 0, "plate \"\(name)\": the size must be positive, got \(size)")
  var plates: [Site.Plate] = []
  HandlerFrame.visit { handler in
    var enclosing: String?
    if let handler = handler.as(PlateHandler.self) {
      plates.append(handler.plate)
      enclosing = handler.plate.name
    } else if let handler = handler.as(IterationHandler.self) {
      enclosing = handler.iteration.plate
    }
    precondition(enclosing != name, "plate \"\(name)\" inside a plate of the same name")
  }
  return plates
}

/// The indices of a random subset: a site, so that a guide's subset is replayed in the model.
private func subset(_ plate: Site.Plate) -> Tensor {
  var site = Site(.plate, plate.name)
  site.plates = [plate]
  site.declaration = Site.Declaration(.real, eventRank: nil) { key in
    key.choice(from: plate.size, count: plate.count)
  }
  return applied(&site)
}

// MARK: Handlers

/// Marks the sites in a plate, and repeats their distributions to its size.
struct PlateHandler: Handler {
  let plate: Site.Plate
  /// The copies computed with, nil for all.
  let indices: Tensor?

  init(_ plate: Site.Plate, indices: Tensor? = nil) {
    self.plate = plate
    self.indices = indices
  }

  func process(_ site: inout Site) {
    guard site.kind == .sample || site.kind == .factor || site.kind == .deterministic else {
      return
    }
    site.plates.append(plate)
    if plate.count != plate.size, site.kind != .deterministic { site.scale *= plate.scale }
    guard let distribution = site.distribution else { return }
    let batch = distribution.batchShape
    if batch.rank >= -plate.axis, batch[batch.rank + plate.axis] == plate.count { return }
    guard let shape = batch.broadcast(with: site.plateShape) else {
      preconditionFailure(
        """
        site "\(site.name)" in plate "\(plate.name)": batch shape \(batch) does not agree with \
        the plate's size \(plate.count) at axis \(plate.axis); mark axes of one draw with toEvent()
        """)
    }
    site.distribution = distribution.expanded(to: shape)
  }

  func postprocess(_ site: inout Site) {
    guard site.kind == .param, let eventRank = site.declaration?.eventRank,
      let value = site.value
    else { return }
    site.value = rows(of: value, eventRank: eventRank, what: "param \"\(site.name)\"")
  }

  /// The rows of the plate's subset, where `data` has those of the whole.
  func rows(of data: Tensor, eventRank: Int, what: String) -> Tensor {
    let axis = data.rank - eventRank + plate.axis
    guard axis >= 0 else { return data }
    let extent = data.shape[axis]
    precondition(
      [1, plate.count, plate.size].contains(extent),
      """
      \(what) in plate "\(plate.name)": expected an extent of \(plate.size) at axis \
      \(plate.axis), got the shape \(data.shape)
      """)
    guard let indices, extent == plate.size else { return data }
    return data.gathered(indices, along: axis)
  }
}

/// Marks the sites in a pass of a sequential plate.
struct IterationHandler: Handler {
  let iteration: Site.Iteration
  let scale: Double

  func process(_ site: inout Site) {
    guard site.kind == .sample || site.kind == .factor else { return }
    site.iterations.append(iteration)
    if scale != 1 { site.scale *= scale }
  }
}
