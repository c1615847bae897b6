import Foundation
import Tensors

extension ParameterStore {
  /// Writes the parameters, and the mutable values, to a file in the safetensors format.
  ///
  /// The file has each parameter's value under its name, as the model sees it: `load_file` of
  /// Python's `safetensors` reads it. A constrained parameter is there a second time, as
  /// `<name>_unconstrained`, from which `load(from:)` restores the same bits. The metadata entry
  /// `parameters` lists names and constraints, in JSON. A file that was there is replaced as a whole.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func save(to path: String) throws(FileError) {
    var file = SafeTensors()
    try write(into: &file, path)
    try file.write(to: path)
  }

  /// Takes the values of the parameters, and of mutable sites, from a file.
  ///
  /// The file is one that `save(to:)` or a checkpoint wrote, undamaged; or one without metadata that
  /// another program wrote, with a tensor in its constrained space under every parameter's name.
  /// Numbers are cast to this store's dtype.
  ///
  /// - Throws: `FileError` if the file is missing or damaged, or names, constraints or shapes are not
  ///   those of this store, which then stays as it was.
  public mutating func load(from path: String) throws(FileError) {
    let file = try SafeTensors(contentsOf: path)
    try restore(try saved(in: file, path), from: path)
  }

  // MARK: The form of the file

  private struct Declaration: Codable {
    let name: String
    let constraint: String
    let isLate: Bool
  }

  private static let parametersKey = "parameters"
  private static let mutablesKey = "mutables"

  private static func unconstrainedName(_ name: String) -> String { "\(name)_unconstrained" }

  /// Adds the parameters and mutable values to a file.
  func write(into file: inout SafeTensors, _ path: String) throws(FileError) {
    for entry in entries {
      let slice = ParameterStore.slice(packed, entry)
      if !entry.isUnmet {
        try file.add(entry.constraint.bijector.forward(slice), as: entry.name, path)
      }
      if entry.constraint != .real.independent(entry.constraint.eventRank) {
        try file.add(slice, as: ParameterStore.unconstrainedName(entry.name), path)
      }
    }
    for mutable in mutables { try file.add(mutable.value, as: mutable.name, path) }
    eval(file.names.compactMap { file[$0] })
    let declarations = entries.map {
      Declaration(name: $0.name, constraint: $0.constraint.description, isLate: $0.isLate)
    }
    file.metadata[ParameterStore.parametersKey] = try jsonText(declarations, path)
    file.metadata[ParameterStore.mutablesKey] = try jsonText(mutables.map(\.name), path)
  }

  /// What a file holds of the parameters and mutable values.
  func saved(in file: SafeTensors, _ path: String) throws(FileError) -> SavedParameters {
    guard let text = file.metadata[ParameterStore.parametersKey] else {
      return try foreign(file, path)
    }
    guard file.isVerified,
      let declarations = jsonValue([Declaration].self, text),
      let names = jsonValue([String].self, file.metadata[ParameterStore.mutablesKey] ?? "")
    else { throw .malformed(path, reason: "its metadata are damaged, or changed by hand") }
    let parameters = declarations.map {
      SavedParameters.Parameter(
        name: $0.name, constraint: $0.constraint, isLate: $0.isLate, value: file[$0.name],
        unconstrained: file[ParameterStore.unconstrainedName($0.name)])
    }
    return SavedParameters(parameters: parameters, mutables: try mutables(names, file, path))
  }

  /// What a file that another program wrote has for the names of this store.
  private func foreign(_ file: SafeTensors, _ path: String) throws(FileError) -> SavedParameters {
    let own = mutables.map(\.name)
    // What only restores bits is left aside: such a file may have been changed.
    let aside = Set(own + names.map(ParameterStore.unconstrainedName)).subtracting(names)
    let parameters = file.names.filter { !aside.contains($0) }.map {
      SavedParameters.Parameter(
        name: $0, constraint: nil, isLate: false, value: file[$0], unconstrained: nil)
    }
    return SavedParameters(parameters: parameters, mutables: try mutables(own, file, path))
  }

  private func mutables(
    _ names: [String], _ file: SafeTensors, _ path: String
  ) throws(FileError) -> [Mutable] {
    var result: [Mutable] = []
    for name in names { result.append(Mutable(name: name, value: try file.require(name, path))) }
    return result
  }
}

extension SafeTensors {
  /// Adds a tensor under a name that must be free.
  mutating func add(_ tensor: Tensor, as name: String, _ path: String) throws(FileError) {
    guard self[name] == nil else { throw .reservedName(path, name: name) }
    self[name] = tensor
  }

  /// A tensor that the file must have.
  func require(_ name: String, _ path: String) throws(FileError) -> Tensor {
    guard let tensor = self[name] else { throw .missing(path, name: name, found: names) }
    return tensor
  }
}

/// A value in JSON, for the metadata of a file.
func jsonText(_ value: some Encodable, _ path: String) throws(FileError) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  do { return String(decoding: try encoder.encode(value), as: UTF8.self) } catch {
    throw .cannotWrite(path, reason: "\(error)")
  }
}

/// A value from the metadata of a file; nil if the text does not stand for one.
func jsonValue<Value: Decodable>(_ type: Value.Type, _ text: String) -> Value? {
  try? JSONDecoder().decode(type, from: Data(text.utf8))
}
