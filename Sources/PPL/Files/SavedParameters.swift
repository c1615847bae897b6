import Tensors

/// What a file holds of a parameter store.
struct SavedParameters {
  struct Parameter {
    let name: String
    /// The description of the constraint, unless another program wrote the file.
    let constraint: String?
    let isLate: Bool
    /// In the constrained space; nil if the model had not met the parameter when it was saved.
    let value: Tensor?
    /// Nil where it is the value, or unknown.
    let unconstrained: Tensor?
  }

  let parameters: [Parameter]
  let mutables: [ParameterStore.Mutable]
}

/// Stands for the constraint of a parameter of a file that the model has not met yet.
private struct UnmetSet: ConstraintSet {
  let path: String
  let description: String

  func contains(_ value: Tensor) -> Tensor { isFinite(value) }
}

extension ParameterStore.Entry {
  /// The shape of the constrained value.
  private var valueShape: Shape { constraint.bijector.forwardShape(shape) }

  /// The unconstrained value that a file has for this parameter of the model.
  fileprivate func unconstrained(
    _ saved: SavedParameters.Parameter, _ path: String
  ) throws(FileError) -> Tensor {
    try requireConstraint(saved.constraint, path)
    guard let value = saved.value else {
      throw .missing(path, name: name, found: [])
    }
    try requireShape(value.shape, valueShape, path)
    if let unconstrained = saved.unconstrained {
      try requireShape(unconstrained.shape, shape, path)
      return unconstrained
    }
    let floats = value.cast(to: value.dtype.isFloat ? value.dtype : .float64)
    guard constraint.contains(floats).all().boolArray()[0] else {
      throw .mismatch(
        path, name: name, what: "value", file: "\(value)", model: "\"\(constraint)\"")
    }
    return constraint.bijector.inverse(floats)
  }

  fileprivate func requireConstraint(_ file: String?, _ path: String) throws(FileError) {
    guard let file, file != constraint.description else { return }
    throw .mismatch(
      path, name: name, what: "constraint", file: "\"\(file)\"", model: "\"\(constraint)\"")
  }

  fileprivate func requireShape(_ file: Shape, _ model: Shape, _ path: String) throws(FileError) {
    guard file != model else { return }
    throw .mismatch(path, name: name, what: "shape", file: "\(file)", model: "\(model)")
  }
}

extension ParameterStore {
  /// Takes over what a file holds, parameters in its order, cast to the dtype of this store.
  ///
  /// Those that the model meets late and has not met yet wait for `settle`; late ones that the file
  /// lacks are forgotten, to be met again.
  ///
  /// - Throws: `FileError` if names, constraints or shapes differ; the store then stays as it was.
  mutating func restore(_ saved: SavedParameters, from path: String) throws(FileError) {
    let found = Set(saved.parameters.map(\.name))
    if let entry = self.entries.first(where: { !$0.isLate && !found.contains($0.name) }) {
      throw .missing(path, name: entry.name, found: saved.parameters.map(\.name))
    }
    var entries: [Entry] = []
    var parts = [packed.slice(0..<0)]
    var start = 0
    for parameter in saved.parameters {
      let (entry, part) = try restored(parameter, at: start, path)
      start = entry.range.upperBound
      entries.append(entry)
      parts.append(part.flattened().cast(to: packed.dtype))
    }
    try requireMutables(saved.mutables, path)
    replace(entries, packed: concat(parts).detached(), mutables: saved.mutables)
  }

  private func restored(
    _ saved: SavedParameters.Parameter, at start: Int, _ path: String
  ) throws(FileError) -> (Entry, unconstrained: Tensor) {
    let known = entry(saved.name)
    let unconstrained: Tensor
    let constraint: Constraint
    let isUnmet = known?.isUnmet ?? true
    if let known, !isUnmet {
      unconstrained = try known.unconstrained(saved, path)
      constraint = known.constraint
    } else {
      guard saved.isLate, let part = saved.unconstrained ?? saved.value else {
        throw .unexpected(path, name: saved.name, known: names)
      }
      unconstrained = part
      constraint = Constraint(UnmetSet(path: path, description: saved.constraint ?? "real"))
    }
    let entry = Entry(
      name: saved.name, shape: unconstrained.shape, constraint: constraint,
      range: start..<start + unconstrained.count, isLate: known?.isLate ?? true,
      isUnmet: isUnmet)
    return (entry, unconstrained)
  }

  private func requireMutables(_ saved: [Mutable], _ path: String) throws(FileError) {
    for own in mutables {
      guard let other = saved.first(where: { $0.name == own.name })?.value else {
        throw .missing(path, name: own.name, found: saved.map(\.name))
      }
      guard other.shape == own.value.shape, other.dtype == own.value.dtype else {
        throw .mismatch(
          path, name: own.name, what: "value", file: "\(other.dtype) of shape \(other.shape)",
          model: "\(own.value.dtype) of shape \(own.value.shape)")
      }
    }
  }

  /// Gives parameters that came from a file their constraints, where the model has met them now.
  ///
  /// - Throws: `FileError.mismatch` if they are others than those in the file.
  mutating func settle(_ sites: [Site]) throws(FileError) {
    var settled = entries
    for (position, old) in entries.enumerated() {
      guard let unmet = old.constraint.kind as? UnmetSet,
        let site = sites.first(where: { $0.name == old.name }), let value = site.value
      else { continue }
      let entry = Entry(
        name: old.name, shape: old.shape, constraint: site.declaration?.constraint ?? .real,
        range: old.range, isLate: true)
      try entry.requireConstraint(unmet.description, unmet.path)
      try entry.requireShape(
        old.shape, entry.constraint.bijector.inverseShape(value.shape), unmet.path)
      settled[position] = entry
    }
    replace(settled, packed: packed, mutables: mutables)
  }
}
