public import Tensors

/// Why a model cannot be calibrated by simulation.
public enum CalibrationError: Error, CustomStringConvertible, Equatable {
  /// A site that was to be simulated, but is not observed by the model.
  case noDataSite(String, found: [String])
  /// A site whose prior cannot be drawn from.
  case improperPrior(String)
  /// A term of the log density that no draw knows of.
  case factor(String)
  /// The posterior has none of the model's latent sites.
  case nothingToRank([String])
  /// An observed site that was not to be simulated.
  case keptData(String)
  /// Draws that are not a site's values along one new outermost axis.
  case wrongShape(String, draws: Shape, value: Shape)
  /// The sampler was stopped before it had all its draws.
  case interrupted
  /// Sites or counts of draws change from simulation to simulation.
  case varyingDraws

  public var description: String {
    switch self {
    case .noDataSite(let name, let found):
      """
      calibrate: the model observes no site "\(name)", \
      \(found.isEmpty ? "nor any other" : "only " + found.joined(separator: ", ")): name the sites \
      whose data are to be simulated
      """
    case .improperPrior(let name):
      """
      calibrate: the prior of "\(name)" is improper and has no draws: give the site a proper one
      """
    case .factor(let name):
      """
      calibrate: "\(name)" is a factor, which simulations cannot draw from: write it as a \
      distribution of its sites
      """
    case .nothingToRank(let names):
      """
      calibrate: none of the sites drawn (\(names.joined(separator: ", "))) is latent in the model
      """
    case .keptData(let name):
      """
      calibrate: "\(name)" keeps its data, of which values drawn from the prior know nothing: name \
      it among the data to be simulated
      """
    case .wrongShape(let name, let draws, let value):
      """
      calibrate: expected the draws of "\(name)" along one axis outside of its shape \(value), got \
      the shape \(draws): a sampler's `samples` have that form, its `chains` do not
      """
    case .interrupted: "calibrate: interrupted before the sampler had all its draws"
    case .varyingDraws:
      "calibrate: the posterior has other sites, or another count of draws, than the one before"
    }
  }
}
