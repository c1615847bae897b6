import Tensors

/// A model in the coordinates of a fitted guide: Pyro's `NeuTraReparam` (Hoffman, Sountsov, Dillon,
/// Langmore, Tran & Vasudevan 2019, "NeuTra-lizing bad geometry in Hamiltonian Monte Carlo using
/// neural transport").
///
/// The guide maps standard normal numbers to the latent sites. Drawn through that map, the posterior
/// of the numbers is close to standard normal if the guide is close to the posterior, and easy for a
/// sampler; where the guide is not, the sampler makes up for it.
///
/// ```swift
/// let fit = try SVI(funnel, FlowGuide(flow: .iaf()), optimizer: Adam(0.01)).run(steps: 2000)
/// let chains = try MCMC(NeuTraReparam(fit).reparam(funnel), kernel: NUTS()).run()
/// ```
public struct NeuTraReparam {
  private let fit: SVIResult

  /// - Parameter fit: of a guide with one vector for all latent sites: `FlowGuide`,
  ///   `DiagonalNormalGuide` or `MultivariateNormalGuide`.
  public init(_ fit: SVIResult) { self.fit = fit }

  /// The model with one latent site, the guide's standard normal vector `_auto_latent_base`.
  ///
  /// What were latent sites are deterministic; what they score, each scores as an observed site
  /// `name_density`, and the map to them as the factor `_auto_log_det`. Parameters have their fitted
  /// values.
  public func reparam<Result>(_ model: @escaping () -> Result) -> () -> Result {
    let fit = fit
    return {
      let drawn = Transport(fit)
      factor("_auto_log_det", drawn.logDet)
      return handle(
        { PPL.reparam(by: { drawn.strategy($0) }, model) }, with: fit.parameterHandler)
    }
  }
}

/// The latent sites of one run, drawn through the guide.
private struct Transport: Sendable {
  private let values: [String: Tensor]
  /// Of the map from the base to the sites.
  let logDet: Tensor

  init(_ fit: SVIResult) {
    let guide = TraceHandler()
    let map = BaseMap()
    // Only the base is a site of the model.
    block(where: { $0.name != "_auto_latent_base" }) {
      handle(
        {
          handle(
            {
              PPL.reparam(by: { $0.infer.isAuxiliary ? map : nil }) { fit.drawLatents() }
            }, with: guide)
        }, with: fit.parameterHandler)
    }
    guard let trace = try? guide.result(), let logDet = map.logDet,
      trace["_auto_latent_base"] != nil
    else {
      preconditionFailure(
        """
        NeuTraReparam: \(type(of: fit.svi.guide)) does not map standard normal numbers to all \
        sites; use FlowGuide, DiagonalNormalGuide, MultivariateNormalGuide or LaplaceGuide
        """)
    }
    let sites = trace.sites.filter { $0.kind == .sample && $0.name != "_auto_latent_base" }
    values = Dictionary(
      uniqueKeysWithValues: sites.compactMap { site in site.value.map { (site.name, $0) } })
    // The guide's sites score minus the log determinants of the maps from the vector to them.
    self.logDet = sites.compactMap { $0.logProbSum() }.reduce(logDet, -)
  }

  func strategy(_ site: Site) -> (any Reparameterization)? {
    site.isObserved ? nil : values[site.name].map(Given.init)
  }
}

/// A value that the site has, and scores as its distribution does.
private struct Given: Reparameterization {
  let value: Tensor

  func value(_ name: String, _ distribution: any Distribution) -> Tensor? {
    score(name, distribution)
    return value
  }

  private func score(_ name: String, _ distribution: some Distribution) {
    sample("\(name)_density", distribution, observed: value)
  }
}

/// Draws a guide's vector as the image of standard normal numbers, and notes the log determinant.
private final class BaseMap: Reparameterization {
  private let found = Locked<Tensor?>(nil)
  var logDet: Tensor? { found.withLock { $0 } }

  func value(_ name: String, _ distribution: any Distribution) -> Tensor? {
    guard let map = (distribution as? any Transported)?.transport else { return nil }
    let base = Normal(0, 1).expanded(to: distribution.eventShape)
    // The model's density is that of the sites and of the map; the base has no say in it.
    let noise = sample(
      "\(name)_base", base.toEvent(distribution.eventShape.rank).mask(false))
    let (value, logDet) = map(noise)
    found.withLock { $0 = logDet.sum() }
    return value
  }
}

/// A distribution that is the image of standard normal numbers.
private protocol Transported {
  /// The map with its log determinant; nil if the base is another.
  var transport: ((Tensor) -> (Tensor, Tensor))? { get }
}

extension TransformedDistribution: Transported {
  fileprivate var transport: ((Tensor) -> (Tensor, Tensor))? {
    guard let noise = base as? Independent<Normal>, noise.base.isStandard else { return nil }
    return { bijector.forwardAndLogDet($0, context: nil) }
  }
}

extension Independent: Transported where Base == Normal {
  fileprivate var transport: ((Tensor) -> (Tensor, Tensor))? {
    let (loc, scale, shape) = (base.loc, base.scale, base.batchShape)
    return { noise in (loc + scale * noise, log(scale).broadcast(to: shape)) }
  }
}

extension Normal {
  fileprivate var isStandard: Bool { loc.literalScalar == 0 && scale.literalScalar == 1 }
}

extension SVIResult {
  fileprivate func drawLatents() { svi.prepared.draw() }

  /// Supplies the fitted parameters.
  fileprivate var parameterHandler: ParameterHandler {
    ParameterHandler(
      parameters, parameters.packed, parameters.mutables.map(\.value), setupKey: RandomKey(0))
  }
}
