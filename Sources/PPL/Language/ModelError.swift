/// What is wrong with a model, a guide, or how they go together.
public enum ModelError: Error, CustomStringConvertible, Equatable {
  case duplicateSite(String, table: String)
  /// A latent site of the model that the guide does not draw.
  case missingInGuide(String, model: String, guide: String)
  /// A site that the guide draws and the model does not have.
  case missingInModel(String, model: String, guide: String)
  /// Model and guide disagree about the shape of a site.
  case shapeMismatch(String, model: Shape, guide: Shape, table: String)
  /// A plate that is not the same in model and guide.
  case plateMismatch(String, model: Site.Plate, guide: Site.Plate)
  /// A discrete latent site where the guide needs continuous ones.
  case discreteSite(String)
  /// A latent site of which each step sees other copies.
  case subsampledSite(String, plate: String)
  /// A plate that a guide is for and the model does not have, or not as the outermost and only one of
  /// a latent site.
  case unsuitablePlate(String, site: String?)
  /// A discrete latent site whose distribution is not a table of probabilities.
  case notTabled(String)
  /// A discrete site some of whose values cannot come about.
  case impossibleValue(String)
  /// Latent sites of one guide among several whose supports move with values.
  case movingSupport([String])
  /// A site that is to depend on one that is not drawn before it.
  case laterDependency(String, on: String)
  /// A posterior that has no maximum, or is flat there, most along this site.
  case singularHessian(String)
  case noLatentSites
  /// No point with a finite density and gradient was found to start from.
  case noStart(attempts: Int)
  /// A plate that computes with a random subset, where the whole is needed.
  case subsampledPlate(String)
  /// A site's score-function gradient would be needed.
  case notReparameterized(String)
  /// A plate that is subsampled and does not enclose all sites, where weights of whole runs count.
  case partialSubset(String)
  /// A site that keeps a guide from being fitted to data that the model draws, and why.
  case noSleepPhase(String, String)
  /// The loss or its gradient was not finite too many times in a row.
  case notFinite(step: Int, site: String)

  public var description: String {
    switch self {
    case .duplicateSite(let name, let table):
      "two sites are named \"\(name)\"; sites so far:\n\(table)"
    case .missingInGuide(let name, let model, let guide):
      """
      the model's site "\(name)" is missing in the guide: draw it there, or observe it
      model:\n\(model)\nguide:\n\(guide)
      """
    case .missingInModel(let name, let model, let guide):
      """
      the guide's site "\(name)" is missing in the model: remove it, or rename it
      model:\n\(model)\nguide:\n\(guide)
      """
    case .shapeMismatch(let name, let model, let guide, let table):
      """
      site \"\(name)\" has shape \(model) in the model and \(guide) in the guide: enclose batches \
      in a plate, and mark axes of one draw with toEvent()
      \(table)
      """
    case .plateMismatch(let name, let model, let guide):
      """
      plate "\(name)" has \(model.count) of \(model.size) copies in the model and \(guide.count) \
      of \(guide.size) in the guide: give both the same size and subsampleSize
      """
    case .discreteSite(let name):
      """
      site "\(name)" is discrete, which a guide over continuous variables cannot draw: sum it \
      out with enumerated(), or give it a guide of its own, DiscreteParallelGuide in a GuideList say
      """
    case .subsampledSite(let name, let plate):
      """
      site "\(name)" stands in plate "\(plate)", of which each step sees a random subset: a guide \
      over all latent variables at once cannot draw it; NormalGuide and DeltaGuide can, and a \
      guide that computes its posterior from its data, AmortizedFlowGuide say
      """
    case .unsuitablePlate(let plate, let site):
      site.map {
        """
        site "\($0)" stands in plate "\(plate)" and in others, or not at axis −1: a guide with a flow \
        for each copy of the plate cannot draw it; make the inner axes part of an event with toEvent()
        """
      } ?? "no latent site of the model stands in a plate \"\(plate)\""
    case .noStart(let attempts):
      """
      \(attempts) points to start from had a density or gradient that is not finite: give values \
      with start: .values([…]), or check that the data lie in the supports
      """
    case .subsampledPlate(let name):
      """
      plate \"\(name)\" computes with a random subset, and what was asked for needs all of it: \
      leave out its subsampleSize
      """
    case .notTabled(let name):
      """
      site "\(name)" has no table of probabilities to learn: DiscreteParallelGuide is for Bernoulli, \
      Categorical and OneHotCategorical; give other sites a guide of their own in a GuideList
      """
    case .impossibleValue(let name):
      """
      site "\(name)" has values of probability zero, which DiscreteParallelGuide cannot learn from: \
      mark the site infer: .enumerate() and leave it to no guide, or give the prior no zeros
      """
    case .movingSupport(let names):
      """
      among the sites \(names.joined(separator: ", ")) the support of one depends on other values: \
      a part of a GuideList cannot draw them; use one guide for all
      """
    case .laterDependency(let name, let other):
      """
      site "\(name)" is to depend on "\(other)", which the model does not draw before it: name a \
      site drawn earlier, or turn the dependency round
      """
    case .singularHessian(let name):
      """
      the posterior's curvature at its mode is not positive, most along site "\(name)": Laplace's \
      approximation does not exist; give the site a proper prior, or use MultivariateNormalGuide
      """
    case .noLatentSites: "the model has no latent sites; an empty guide is all it needs"
    case .notReparameterized(let name):
      """
      the guide's site "\(name)" has no reparameterised draws, which this objective needs; \
      TraceELBO and TraceGraphELBO do without
      """
    case .partialSubset(let name):
      """
      plate "\(name)" is subsampled and does not enclose all sites: this objective weighs whole \
      runs, which a subset of the data does not tell; compute with the whole plate, or use TraceELBO
      """
    case .noSleepPhase(let name, let reason):
      """
      site "\(name)" has no sleep phase: \(reason). See ReweightedWakeSleep, or leave the phase out \
      with insomnia: 1
      """
    case .notFinite(let step, let site):
      """
      the loss or its gradient is not finite at step \(step), first at site "\(site)"; the \
      parameters are those of the last good step. A smaller learning rate, or a support that \
      fits the data, usually helps
      """
    }
  }
}
