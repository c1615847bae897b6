/// Why a model cannot be run on draws, or draws cannot be weighted.
public enum PredictionError: Error, CustomStringConvertible, Equatable {
  /// A site asked for that the model has not.
  case noSite(String, found: [String])
  /// A site that some runs of the model meet and others do not, or with other shapes.
  case varyingSite(String)
  /// A latent site of the model that has no draws.
  case noDraws(String, found: [String])
  /// A draw whose log weight, log p − log q, is NaN or ∞.
  case badWeight(draw: Int, value: Double)
  /// No draw has a density above zero under the model.
  case noWeight(draws: Int)

  public var description: String {
    switch self {
    case .noSite(let name, let found):
      "the model has no site \"\(name)\"; it has \(found.quotedList)"
    case .varyingSite(let name):
      """
      site "\(name)" is not met in every run of the model with one shape, so its draws have no \
      common one: name the sites to return, without it
      """
    case .noDraws(let name, let found):
      """
      there are no draws of the model's latent site "\(name)", only of \(found.quotedList): use \
      draws from a fit of this model
      """
    case .badWeight(let draw, let value):
      """
      the log weight of draw \(draw) is \(value): look for a log density of the model or the guide \
      that is not finite there
      """
    case .noWeight(let draws):
      """
      none of \(draws) draws has a density above zero under the model: use a guide that covers the \
      supports, or check that the data lie in theirs
      """
    }
  }
}

extension [String] {
  fileprivate var quotedList: String {
    isEmpty ? "none" : map { "\"\($0)\"" }.joined(separator: ", ")
  }
}
