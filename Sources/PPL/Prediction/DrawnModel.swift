import Tensors

/// A model that is run with draws of its latent sites and with fitted parameters.
struct DrawnModel {
  let model: () -> Void
  let parameters: ParameterStore?

  /// What the model does, with the given values at those of its latent sites that have one.
  func trace(_ values: [String: Tensor], key: RandomKey, dtype: DType) throws -> Trace {
    let drawn = SubstituteHandler { site in
      site.kind == .sample && !site.isObserved ? values[site.name] : nil
    }
    return try withParameters(key: key, dtype: dtype) {
      try PPL.trace { handle(model, with: drawn) }
    }
  }

  /// Runs a body with a key for its draws, and with fitted parameters; those that were not fitted
  /// have their initial values.
  func withParameters<Result>(
    key: RandomKey, dtype: DType, _ body: () throws -> Result
  ) rethrows -> Result {
    try handle(
      { try supplied { try seeded(key: key, dtype: dtype, body) } },
      with: InitialValueHandler(key: RandomKey(0).foldIn("setup")))
  }

  /// Runs the model with the fitted parameters.
  func run() { supplied(model) }

  /// Runs a body with the fitted parameters.
  private func supplied<Result>(_ body: () throws -> Result) rethrows -> Result {
    let parameters = parameters
    let fitted = SubstituteHandler { site in
      switch site.kind {
      case .param: parameters?[site.name]
      case .mutable: parameters?.mutable(site.name)
      default: nil
      }
    }
    return try handle(body, with: fitted)
  }
}

extension Trace {
  /// Checks that no plate computes with a random subset: densities would be estimates.
  func requireWholePlates() throws(ModelError) {
    if let plate = plates.first(where: { $0.count != $0.size }) {
      throw .subsampledPlate(plate.name)
    }
  }
}
