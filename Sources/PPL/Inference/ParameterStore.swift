import Synchronization

/// The parameters of a fit: unconstrained inside, in one vector; constrained outside.
public struct ParameterStore: Sendable {
  /// One parameter and its place in the vector.
  package struct Entry: Sendable {
    package let name: String
    package let shape: Shape
    package let constraint: Constraint
    package let range: Range<Int>
    /// Whether it was met after the model's first run, on a branch not taken there.
    let isLate: Bool
    /// Whether it came from a file and waits for the model to meet it.
    var isUnmet = false
  }

  /// A value carried from step to step without a gradient.
  package struct Mutable: Sendable {
    package let name: String
    package var value: Tensor
  }

  package private(set) var entries: [Entry] = []
  /// The mutable values, in the order in which they were met.
  package private(set) var mutables: [Mutable] = []
  private var index: [String: Int] = [:]
  /// All parameters, unconstrained, one after another.
  package var packed: Tensor

  /// The parameters met by the parameter sites of a trace, at their initial values.
  init(_ sites: [Site], dtype: DType) {
    packed = Tensor([Double](), dtype: dtype)
    append(sites, areLate: false)
  }

  /// Adds the parameters of some sites, at their initial values.
  mutating func append(_ sites: [Site], areLate: Bool = true) {
    let dtype = packed.dtype
    var parts = [packed]
    var start = packed.count
    for site in sites {
      guard let value = site.value, index[site.name] == nil else { continue }
      let constraint = site.declaration?.constraint ?? .real
      let unconstrained = constraint.bijector.inverse(value.cast(to: dtype))
      let range = start..<start + unconstrained.count
      start = range.upperBound
      index[site.name] = entries.count
      entries.append(
        Entry(
          name: site.name, shape: unconstrained.shape, constraint: constraint, range: range,
          isLate: areLate))
      parts.append(unconstrained.flattened().cast(to: dtype))
    }
    packed = concat(parts).detached()
  }

  /// Adds the values of mutable sites that it does not have.
  mutating func appendMutables(_ sites: [Site]) {
    for site in sites where mutable(site.name) == nil {
      guard let value = site.value else { continue }
      let cast = value.dtype.isFloat ? value.cast(to: packed.dtype) : value
      mutables.append(Mutable(name: site.name, value: cast.detached()))
    }
  }

  /// Sets some of the mutable values, by their positions.
  mutating func setMutables(_ values: [Storage], at indices: [Int]) {
    for (index, storage) in zip(indices, values) {
      let old = mutables[index].value
      mutables[index].value = Tensor(storage: storage, shape: old.shape, dtype: old.dtype)
    }
  }

  /// The present value of a mutable site.
  public func mutable(_ name: String) -> Tensor? { mutables.first { $0.name == name }?.value }

  /// Puts parameters and mutable values of a file in the place of those here.
  mutating func replace(_ entries: [Entry], packed: Tensor, mutables: [Mutable]) {
    self.entries = entries
    self.packed = packed
    self.mutables = mutables
    index = [:]
    for (position, entry) in entries.enumerated() { index[entry.name] = position }
  }

  /// The parameter of this name, also one that waits for the model to meet it.
  func entry(_ name: String) -> Entry? { index[name].map { entries[$0] } }

  /// Whether there is a parameter of this name that the model has met.
  func contains(_ name: String) -> Bool { position(name) != nil }

  /// The place among the entries of a parameter that the model has met.
  func position(_ name: String) -> Int? {
    guard let position = index[name], !entries[position].isUnmet else { return nil }
    return position
  }

  /// The number of scalars.
  public var count: Int { packed.count }
  /// The names, in the order in which the parameters were met.
  public var names: [String] { entries.map(\.name) }

  /// The value of a parameter, in its constrained space.
  public subscript(name: String) -> Tensor? {
    guard let entry = entry(name), !entry.isUnmet else { return nil }
    return entry.constraint.bijector.forward(ParameterStore.slice(packed, entry)).detached()
  }

  package static func slice(_ packed: Tensor, _ entry: Entry) -> Tensor {
    packed.sliced(along: 0, start: entry.range.lowerBound, count: entry.range.count)
      .reshaped(to: entry.shape)
  }
}

/// Supplies parameter sites from the vector of a store, and mutable ones; plates over mini-batches
/// find theirs here.
final class ParameterHandler: Handler {
  private let store: ParameterStore
  /// The parameters in their constrained spaces, in the order of the store.
  private let values: [Tensor]
  private let mutables: [Tensor]
  private let setupKey: RandomKey
  private let unknown = Atomic(false)
  /// The unconstrained parameters, in the order of the store.
  let slices: [Tensor]
  /// The mini-batches of a step.
  let batches: BatchSupply?

  /// - Parameter setupKey: makes the initial values of parameters that the store does not have.
  init(
    _ store: ParameterStore, _ packed: Tensor, _ mutables: [Tensor], setupKey: RandomKey,
    batches: BatchSupply? = nil
  ) {
    self.batches = batches
    self.setupKey = setupKey
    self.mutables = mutables
    self.store = store
    slices = store.entries.map { ParameterStore.slice(packed, $0) }
    values = zip(store.entries, slices).map { entry, slice in
      entry.isUnmet ? slice : entry.constraint.bijector.forward(slice)
    }
  }

  /// Whether a site came by that the store does not have.
  var metUnknown: Bool { unknown.load(ordering: .relaxed) }

  func process(_ site: inout Site) {
    switch site.kind {
    case .param:
      if let position = store.position(site.name) {
        site.value = values[position]
      } else {
        unknown.store(true, ordering: .relaxed)
        if site.key == nil { site.key = setupKey.foldIn(site.name) }
      }
    case .mutable:
      site.value = store.mutables.firstIndex { $0.name == site.name }.map { mutables[$0] }
      if site.value == nil { unknown.store(true, ordering: .relaxed) }
    default: break
    }
  }
}

/// Gives parameter sites a key to make their initial values from.
struct InitialValueHandler: KeySource {
  let key: RandomKey

  func process(_ site: inout Site) {
    if site.kind == .param && site.key == nil { site.key = key.foldIn(site.name) }
  }
}
