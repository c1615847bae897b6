/// Lets log densities count only where a mask is true.
struct MaskHandler: Handler {
  enum Kind {
    case all(Bool)
    case each(Tensor)
  }
  let kind: Kind

  func process(_ site: inout Site) {
    switch (site.kind, kind) {
    case (.sample, _): site.distribution = site.distribution.map { masked($0) }
    case (.factor, .all(let mask)): if !mask { site.value = 0 }
    case (.factor, .each(let mask)): site.value = site.value.map { `where`(mask, $0, 0) }
    default: break
    }
  }

  private func masked(_ distribution: some Distribution) -> any Distribution {
    switch kind {
    case .all(let mask): distribution.mask(mask)
    case .each(let mask): distribution.mask(mask)
    }
  }
}

/// Runs a model whose log densities count only where `mask`, which broadcasts with the batch of each
/// site, is true: Pyro's `mask`.
///
/// Masks within one another both apply. Draws are not affected; a masked −∞ or NaN counts as 0.
public func masked<Result>(
  _ mask: Tensor, _ model: () throws -> Result
) rethrows -> Result {
  precondition(
    mask.dtype == .bool, "masked: expected a mask, got a tensor of dtype \(mask.dtype)")
  return try handle(model, with: MaskHandler(kind: .each(mask)))
}

/// Runs a model whose log densities count, or do not. Those that do not are not even computed.
public func masked<Result>(_ mask: Bool, _ model: () throws -> Result) rethrows -> Result {
  try handle(model, with: MaskHandler(kind: .all(mask)))
}

/// The mask in force, that of all enclosing `masked` together; nil if there is none: Pyro's
/// `get_mask`. A model may leave out what is masked with `false`.
public func currentMask() -> Tensor? {
  var result: Tensor?
  HandlerFrame.visit(MaskHandler.self) { handler in
    let mask =
      switch handler.kind {
      case .all(let value): Tensor(value)
      case .each(let tensor): tensor
      }
    result = result.map { $0 .&& mask } ?? mask
  }
  return result
}
