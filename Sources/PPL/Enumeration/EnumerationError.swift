/// Why values of discrete sites cannot be summed over.
public enum EnumerationError: Error, CustomStringConvertible, Equatable {
  /// A site marked for enumeration whose distribution has no list of values.
  case notEnumerable(String, distribution: String)
  /// A site that the guide does not draw, marked for values one after the other.
  case sequentialInModel(String)
  /// The model, or the guide, reads the value of a site that stands for all values at once.
  case readsValue(String)
  /// Batch axes that belong to no plate, of a site whose values are summed over.
  case undeclaredBatch(String, batch: Shape)
  /// A log density that stands outside a plate and depends on a value inside.
  case leavesPlate(String, dependsOn: String, plate: String)
  /// Variables that share a log density, of plates neither of which is inside the other.
  case plateNesting([String], plates: [String])
  /// Sites summed over in one sum, with different scales.
  case differentScales([String: Double])
  /// Sites of one sum whose log densities different tensors multiply.
  case differentTensorScales([String])
  /// A variable summed over in the model that joins the copies of a variable of the guide.
  case joinsCopies(of: String, by: [String], plate: String)
  /// A step of a Markov chain that depends on one further back than its history.
  case longerHistory(String, dependsOn: String, history: Int)
  /// A log density that depends on more enumerated sites than a tensor has axes.
  case tooManyCauses(String, dependsOn: [String])

  public var description: String {
    switch self {
    case .notEnumerable(let name, let distribution):
      """
      site "\(name)" is marked for enumeration, but \(distribution) has no finite list of values: \
      remove the mark
      """
    case .sequentialInModel(let name):
      """
      site "\(name)" is summed out in the model, where all values are taken at once: mark it with \
      .enumerate(.parallel), or draw it in the guide
      """
    case .readsValue(let what):
      """
      a value is read (\(what)) that depends on a site enumerated in parallel, where it stands for \
      all values: use tensor operations, or mark the guide's site with .enumerate(.sequential)
      """
    case .undeclaredBatch(let name, let batch):
      """
      site "\(name)" is enumerated and has a batch of shape \(batch) with axes that are not those of \
      plates: enclose it in a plate
      """
    case .leavesPlate(let name, let variable, let plate):
      """
      site "\(name)" is outside of plate "\(plate)" and depends on the enumerated site \
      "\(variable)" inside it, so that the sum has no end of terms: move "\(name)" into the plate
      """
    case .plateNesting(let names, let plates):
      """
      enumerated sites \(EnumerationError.list(names)) depend on each other across the plates \
      \(EnumerationError.list(plates)): only plates nested like a tree can be summed over
      """
    case .differentScales(let scales):
      """
      sites of one sum need one scale, and have \
      \(EnumerationError.list(scales.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })): \
      give their plates the same subsample, or draw the outer site in the guide
      """
    case .differentTensorScales(let names):
      """
      sites of one sum need one scale, and these do not stand in the same scaled(by:) of tensors: \
      \(EnumerationError.list(names)); put all of them inside it
      """
    case .joinsCopies(let name, let others, let plate):
      """
      the guide enumerates "\(name)" in plate "\(plate)", whose copies \
      \(EnumerationError.list(others)), summed out in the model, joins: draw the latter in the \
      guide, too
      """
    case .tooManyCauses(let name, let others):
      """
      site "\(name)" depends on \(others.count) enumerated sites, \(EnumerationError.list(others)): \
      with its plates no more than \(Shape.maximumRank) axes can be had; draw some of them in the guide
      """
    case .longerHistory(let name, let other, let history):
      """
      site "\(name)" depends on "\(other)", more than \(history) \(history == 1 ? "step" : "steps") \
      back: give markov the history that the model has
      """
    }
  }

  private static func list(_ names: [String]) -> String {
    names.map { "\"\($0)\"" }.joined(separator: ", ")
  }
}
