public import PPL

/// A distribution that is learned: bijectors applied to a base distribution, or a mixture of such.
///
///     log p(y) = log p_base(x) − log |det ∂y/∂x|      at x = f⁻¹(y)
///
/// It is a distribution like any other. Until it is fitted its parameters are sites: at a sample
/// statement of a model or of a guide the fit of these learns it. `fit(_:to:)` fits it to data on its
/// own and returns it with its parameters; `initialized(seed:)` gives it those it would start from.
///
///     let flow = NormalizingFlow(.nsf(conditioning: .masked), dimension: 2)
///     let fitted = try fit(flow, to: points).flow
///     fitted.logProb(points)
///     fitted.sample([1000], key: RandomKey(0), dtype: .float64)
///
/// Drawing and scoring the draw, `sampleAndLogProb`, evaluates each network once.
public struct NormalizingFlow: Distribution {
  /// Makes the distribution, in a context of this many numbers, meeting the parameter sites.
  private let make: @Sendable (_ context: Tensor?) -> any Distribution
  /// The length of the context vectors, 0 for none.
  public let contextDimension: Int
  private let prefix: String
  private var context: Tensor?
  private var expansion: Shape?
  private let sites = ParameterSites()
  private var supplied: SuppliedParameters?
  /// The parameters, if it has been fitted or initialised.
  public var fittedParameters: ParameterStore? { supplied?.store }

  /// A flow of vectors.
  ///
  /// - Parameters:
  ///   - architecture: makes the layers.
  ///   - dimension: the length of the vectors.
  ///   - contextDimension: the length of the context vectors; such a flow is used
  ///     `conditioned(on:)` some.
  ///   - base: the distribution that the layers are applied to.
  ///   - name: stands before the names of the parameters, for models with several flows.
  public init(
    _ architecture: FlowArchitecture, dimension: Int, contextDimension: Int = 0,
    base: FlowBase = .normal, name: String? = nil
  ) {
    let bijector = Compose(
      architecture.build(dimension: dimension, contextDimension: contextDimension))
    self.init(contextDimension: contextDimension, name: name) { context in
      transformed(base(dimension, context), bijector, context)
    }
  }

  /// Bijectors applied to any distribution, first to last. Where they act on events of more axes
  /// than its draws have, its innermost batch axes become part of the event.
  public init(
    _ bijectors: [any Bijector], base: some Distribution, contextDimension: Int = 0,
    name: String? = nil
  ) {
    // Checks the ranks of the events, and that each bijector takes what it gets.
    let bijector = TransformedDistribution(base, bijectors).bijector
    self.init(contextDimension: contextDimension, name: name) { context in
      transformed(base, bijector, context)
    }
  }

  /// Any learned distribution: `make` meets the parameter sites, and is given the context.
  public init(
    contextDimension: Int = 0, name: String? = nil,
    _ make: @escaping @Sendable (_ context: Tensor?) -> any Distribution
  ) {
    precondition(
      contextDimension >= 0,
      "NormalizingFlow: contextDimension must not be negative, got \(contextDimension)")
    self.make = make
    self.contextDimension = contextDimension
    prefix = name.map { "\($0)." } ?? ""
  }

  /// A mixture of flows of one dimension, with learned weights that start equal.
  ///
  /// It has no reparameterised draws: good for fits to data, not for guides.
  public static func mixture(
    _ components: [NormalizingFlow], name: String? = nil
  ) -> NormalizingFlow {
    precondition(!components.isEmpty, "NormalizingFlow.mixture: no components")
    let size = components[0].contextDimension
    precondition(
      components.allSatisfy { $0.contextDimension == size },
      "NormalizingFlow.mixture: contexts of \(components.map(\.contextDimension)) numbers")
    return NormalizingFlow(contextDimension: size, name: name) { context in
      let logits = param("mixing", Tensor.zeros([components.count]))
      let parts = components.enumerated().map { index, flow -> any Distribution in
        let named = flow.prefixed("component\(index).")
        return context.map { named.conditioned(on: $0) } ?? named
      }
      return Mixture(Categorical(logits: logits), parts)
    }
  }

  // MARK: Contexts and parameters

  /// The flow in given contexts, of shape batch + [contextDimension].
  public func conditioned(on context: Tensor) -> NormalizingFlow {
    precondition(
      contextDimension > 0 && context.rank > 0
        && context.shape[context.rank - 1] == contextDimension,
      """
      NormalizingFlow: made for a context of \(contextDimension) numbers, got one of shape \
      \(context.shape)
      """)
    var result = self
    result.context = context
    return result
  }

  /// The flow with the parameters of a store, which no fit changes any more.
  public func with(_ parameters: ParameterStore) -> NormalizingFlow {
    var result = self
    result.supplied = SuppliedParameters(parameters)
    return result
  }

  /// The flow with its parameters to be found.
  var free: NormalizingFlow {
    var result = self
    result.supplied = nil
    return result
  }

  /// The flow with the values that its parameter sites have here, in a model: what a sample
  /// statement does with it. A flow that is part of another distribution needs it.
  ///
  ///     sample("x", flow.resolved().mask(isKnown), observed: data)
  public func resolved() -> NormalizingFlow {
    guard supplied == nil else { return self }
    var values: [String: Tensor] = [:]
    for site in sites({ drawOnce() }) {
      precondition(
        site.kind == .param,
        """
        NormalizingFlow: "\(site.name)" is updated where the flow is scored, which a sample statement \
        puts off; use fit(_:to:), or factor(_:_:) with the log density
        """)
      guard let declaration = site.declaration else { continue }
      values[site.name] = param(
        site.name, constraint: declaration.constraint, eventRank: declaration.eventRank,
        initializedBy: declaration.initialValue)
    }
    var result = self
    result.supplied = SuppliedParameters(values)
    return result
  }

  /// Whether there is anything to fit, or kept beside what is.
  private var hasParameters: Bool { !sites({ drawOnce() }).isEmpty }

  private static let unknownParameters = """
    NormalizingFlow: its parameters are not known here. Fit it, give it those to start from with \
    initialized(), or, within another distribution of a model, write resolved()
    """

  /// Meets all parameter sites.
  private func drawOnce(dtype: DType = .float64) {
    let context = contextDimension > 0 ? Tensor.zeros([contextDimension], dtype: dtype) : nil
    let flow = context.map(conditioned) ?? self
    factor("draw", 0 * flow.sample([], key: RandomKey(0), dtype: dtype).sum())
  }

  /// The flow with the parameters that a fit would start from.
  public func initialized(seed: Int = 0, dtype: DType = .float64) throws -> NormalizingFlow {
    let draw = { free.drawOnce(dtype: dtype) }
    return with(try SVI(draw, guide: {}, optimizer: SGD(0), dtype: dtype, seed: seed).parameters)
  }

  /// Writes the parameters to a file in the safetensors format. A flow that has any must have been
  /// fitted or initialised.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func save(to path: String) throws {
    precondition(fittedParameters != nil || !hasParameters, Self.unknownParameters)
    try (fittedParameters ?? initialized().fittedParameters)?.save(to: path)
  }

  /// The flow with the parameters of a file, written by `save(to:)` or, without metadata, by another
  /// program.
  ///
  /// - Throws: `FileError` if the file is missing or damaged, or of another architecture: names and
  ///   shapes of all parameters must be those of this flow.
  public func loading(_ path: String, dtype: DType = .float64) throws -> NormalizingFlow {
    guard var parameters = try initialized(dtype: dtype).fittedParameters else { return self }
    try parameters.load(from: path)
    return with(parameters)
  }

  private func prefixed(_ outer: String) -> NormalizingFlow {
    let flow = self
    return NormalizingFlow(contextDimension: contextDimension, name: String(outer.dropLast())) {
      context in context.map { flow.conditioned(on: $0) } ?? flow
    }
  }

  /// The distribution, with its parameter sites supplied.
  private func resolved<Result>(_ body: (any Distribution) -> Result) -> Result {
    precondition(
      contextDimension == 0 || context != nil,
      "NormalizingFlow: made for a context of \(contextDimension) numbers, and used without one")
    func run() -> Result {
      let distribution = make(context)
      return body(expansion.map { distribution.expanded(to: $0) } ?? distribution)
    }
    let handler = ScopeHandler(prefix: prefix) { $0.kind == .param || $0.kind == .mutable }
    guard let supplied else {
      precondition(
        HandlerFrame.current != nil || !hasParameters, Self.unknownParameters)
      return handle(run, with: handler)
    }
    return handle({ handle(run, with: handler) }, with: supplied)
  }

  /// As it is at initial parameters: for shapes, which do not depend on them.
  private func atStart<Result>(_ body: (any Distribution) -> Result) -> Result {
    seeded(key: RandomKey(0)) { resolved(body) }
  }

  // MARK: Distribution

  public var batchShape: Shape { atStart(\.batchShape) }
  public var eventShape: Shape { atStart(\.eventShape) }
  public var support: Constraint { atStart(\.support) }
  public var parameters: [Parameter] { [] }
  public var isReparameterized: Bool { atStart(\.isReparameterized) }

  public func logProb(_ value: Tensor) -> Tensor { resolved { $0.logProb(value) } }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    resolved { $0.sample(shape, key: key, dtype: dtype) }
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    resolved { $0.sampleAndLogProb(shape, key: key, dtype: dtype) }
  }

  public func sampleWithScore(
    _ shape: Shape, key: RandomKey, dtype: DType
  ) -> (value: Tensor, logProb: Tensor, score: Tensor) {
    resolved { $0.sampleWithScore(shape, key: key, dtype: dtype) }
  }

  public func expanded(to batchShape: Shape) -> NormalizingFlow {
    var result = self
    result.expansion = batchShape
    return result
  }
}

/// A distribution of a kind not known beforehand, transformed.
func transformed(
  _ base: any Distribution, _ bijector: Compose, _ context: Tensor?
) -> any Distribution {
  func open(_ base: some Distribution) -> any Distribution {
    TransformedDistribution(
      base, context.map { bijector.inContext($0, of: base) } ?? bijector.parts)
  }
  return open(base)
}

/// Supplies parameter sites with values, unseen by the handlers outside.
private struct SuppliedParameters: Handler {
  let store: ParameterStore?
  private let values: [String: Tensor]

  init(_ values: [String: Tensor]) {
    store = nil
    self.values = values
  }

  init(_ store: ParameterStore) {
    self.store = store
    values = Dictionary(uniqueKeysWithValues: store.names.map { ($0, store[$0]) })
      .compactMapValues { $0 }
  }

  func process(_ site: inout Site) {
    switch site.kind {
    case .param:
      guard let value = values[site.name] else {
        preconditionFailure(
          """
          NormalizingFlow: no parameter "\(site.name)" among those given \
          (\(values.keys.sorted().joined(separator: ", "))): give with(_:) the parameters of a fit \
          of this flow, under the same name
          """)
      }
      site.value = value
    case .mutable: site.value = store?.mutable(site.name)
    case .assignment: break
    default: return
    }
    site.isHidden = true
  }
}

/// The parameter sites of a flow, found once by drawing from it.
private final class ParameterSites: Sendable {
  private let found = Locked<[Site]?>(nil)

  func callAsFunction(_ draw: () -> Void) -> [Site] {
    if let known = found.withLock({ $0 }) { return known }
    // Blocked: the handlers outside must neither see these sites nor rename them.
    let recorded = block { Result { try trace(draw) } }
    guard case .success(let trace) = recorded else {
      preconditionFailure("NormalizingFlow: the flow could not be drawn from: \(recorded)")
    }
    let sites = trace.sites.filter { $0.kind == .param || $0.kind == .mutable }
    found.withLock { $0 = sites }
    return sites
  }
}

/// A random variable whose distribution is a flow, the parameters of which are sites too.
@discardableResult
public func sample(
  _ name: String, _ flow: NormalizingFlow, observed: Tensor? = nil, infer: InferConfig? = nil
) -> Tensor {
  let distribution: any Distribution = flow.resolved()
  return PPL.sample(name, distribution, observed: observed, infer: infer)
}
