/// What is legal in a fit, and probably not meant.
public enum FitWarning: CustomStringConvertible, Equatable, Sendable {
  /// A parameter that the loss does not depend on.
  case unusedParameter(String)
  /// A latent site whose log density counts more often in one of model and guide than in the other.
  case differentScales(String, model: Double, guide: Double)
  /// A plate that only the guide has, and of which it takes a random subset.
  case subsetOfGuide(plate: String)
  /// A site of the guide that is marked for summation, under an objective that draws it.
  case drawnDespiteMark(String)
  /// Steps that were not taken because the loss or its gradient was not finite.
  case skippedSteps(Int, of: Int)
  /// A minimisation that ended before it met a tolerance.
  case notConverged(iterations: Int)

  public var description: String {
    switch self {
    case .unusedParameter(let name):
      "the loss does not depend on parameter \"\(name)\": use its value, or remove it"
    case .differentScales(let name, let model, let guide):
      """
      site "\(name)" counts \(model) times in the model and \(guide) times in the guide: put it into \
      the same plates, and scale both
      """
    case .subsetOfGuide(let plate):
      """
      the guide takes a random subset of plate "\(plate)", which the model does not have: give the \
      plate the same name in both, so that they see the same rows
      """
    case .drawnDespiteMark(let name):
      """
      site "\(name)" is marked for summation and was drawn: use TraceEnumELBO, or remove the mark
      """
    case .skippedSteps(let count, let steps):
      """
      \(count) of \(steps) steps were not taken, because the loss or its gradient was not finite: \
      try a smaller rate, and see that the data lie in the supports
      """
    case .notConverged(let iterations):
      "no minimum was found within \(iterations) iterations: allow more, or loosen the tolerances"
    }
  }
}

extension ParticleTrace {
  /// What is odd about how model and guide go together.
  var warnings: [FitWarning] {
    var warnings: [FitWarning] = []
    for drawn in guide.latentSites {
      if drawn.infer.enumeration != nil && drawn.enumeration == nil {
        warnings.append(.drawnDespiteMark(drawn.name))
      }
      if let site = model[drawn.name], site.isLatent, site.scale != drawn.scale {
        warnings.append(.differentScales(site.name, model: site.scale, guide: drawn.scale))
      }
    }
    let known = Set(model.plates.map(\.name))
    let subsets = guide.plates.filter { $0.count != $0.size && !known.contains($0.name) }
    return warnings + subsets.map { .subsetOfGuide(plate: $0.name) }
  }
}
