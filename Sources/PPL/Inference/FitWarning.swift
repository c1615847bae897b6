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
  /// A loss that at the end of a run was far above what it had been: medians of steps.
  case risenLoss(from: Double, to: Double)
  /// A loss that rose so far that the fit went back to the parameters of its best stretch.
  case returned(times: Int)
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
    case .risenLoss(let low, let last):
      """
      the loss ended at \(formatted(last, digits: 2)) after it had been at \
      \(formatted(low, digits: 2)): the parameters were lost to a rate that is too large, or to \
      gradients of single draws; let the rate fall, and give Adam a beta2 of 0.99
      """
    case .returned(let times):
      """
      the loss rose far above what it had been, and the fit went back to the parameters from before, \
      \(times) \(times == 1 ? "time" : "times"): see by importance() how far it can be trusted; a \
      reparameterized model is easier to fit
      """
    case .notConverged(let iterations):
      "no minimum was found within \(iterations) iterations: allow more, or loosen the tolerances"
    }
  }
}

extension FitWarning {
  /// Compares the last twentieth of a run with the one whose losses were lowest; nil for runs of less
  /// than 400 steps.
  ///
  /// - Returns: a warning where the medians are apart by more than one nat and four times the range of
  ///   the lowest one's middle half: noise does not do that.
  static func risenLoss(_ losses: [Double]) -> FitWarning? {
    let size = losses.count / 20
    guard size >= 20 else { return nil }
    let parts = (0..<20).map { part in
      let end = losses.count - (19 - part) * size
      return LossStretch(losses[(end - size)..<end])
    }
    let known = parts.compactMap(\.self)
    guard let last = known.last, let lowest = known.min(by: { $0.median < $1.median }),
      last.isAbove(lowest, ranges: 4)
    else { return nil }
    return .risenLoss(from: lowest.median, to: last.median)
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
