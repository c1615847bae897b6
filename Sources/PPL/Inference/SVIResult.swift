/// A fit: the parameters found, and what can be asked of the posterior they stand for.
public struct SVIResult {
  /// The loss (negative ELBO estimate) of every step.
  public let losses: [Double]
  /// The fitted parameters.
  public let parameters: ParameterStore
  private let svi: SVI

  init(_ svi: SVI, losses: [Double]) {
    self.svi = svi
    self.losses = losses
    parameters = svi.parameters
  }

  /// Draws from the fitted guide: every latent and deterministic site, with a new outermost axis.
  public func samplePosterior(_ count: Int, seed: Int = 1) throws -> [(name: String, draws: Tensor)]
  {
    let (particle, key) = try traceOnce()
    let sites = particle.model.sites.filter {
      ($0.kind == .sample && !$0.isObserved) || $0.kind == .deterministic
    }
    let values = sites.compactMap(\.value)
    let draws = batch(values, over: key, values: keys(count, seed))
    eval(draws)
    return zip(sites, draws).map { ($0.name, $1) }
  }

  /// The evidence lower bound of the fit: mean over `particles` draws, and its standard error.
  public func elbo(particles: Int = 10_000, seed: Int = 2) throws -> (mean: Double, error: Double) {
    let (particle, key) = try traceOnce()
    let terms = batch([particle.elbo], over: key, values: keys(particles, seed))[0].array()
    let mean = terms.reduce(0, +) / Double(terms.count)
    let variance = terms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(terms.count - 1)
    return (mean, (variance / Double(terms.count)).squareRoot())
  }

  /// Mean, standard deviation and quantiles of every site under the fitted guide.
  public func summary(draws: Int = 10_000, seed: Int = 1) throws -> Summary {
    Summary(try samplePosterior(draws, seed: seed))
  }

  /// Guide and model run once on a key that stands for any.
  private func traceOnce() throws -> (ParticleTrace, Tensor) {
    let recorder = TraceRecorder()
    let key = Tensor.traced(RandomKey.host(0).tensor, recorder)
    let packed = Tensor(
      storage: parameters.packed.evaluated(), shape: parameters.packed.shape, dtype: svi.dtype)
    let particle = try svi.particle(packed, RandomKey(tensor: key))
    if let read = recorder.descriptions.first { throw CompileError.readsValue(read) }
    return (particle, key)
  }

  private func keys(_ count: Int, _ seed: Int) -> Tensor {
    let key = RandomKey(seed).foldIn("posterior").hostValue
    return Tensor((0..<count).map { Int(RandomKey.hostFoldIn(key, $0)) })
  }
}

/// Posterior statistics of every element of every site.
public struct Summary: CustomStringConvertible {
  public struct Row: Sendable {
    /// The site, with an index where it has several elements.
    public let name: String
    public let mean: Double
    public let standardDeviation: Double
    /// The 5 %, 50 % and 95 % quantiles.
    public let quantiles: [Double]
  }

  public let rows: [Row]

  /// - Parameter draws: per site, draws along the outermost axis.
  public init(_ draws: [(name: String, draws: Tensor)]) {
    rows = draws.flatMap { name, tensor -> [Row] in
      let count = tensor.shape[0]
      let width = tensor.count / max(count, 1)
      let values = tensor.array()
      return (0..<width).map { column in
        let sample = (0..<count).map { values[$0 * width + column] }
        let label = tensor.rank == 1 ? name : "\(name)[\(column)]"
        return Summary.row(label, sample)
      }
    }
  }

  public subscript(name: String) -> Row? { rows.first { $0.name == name } }

  private static func row(_ name: String, _ sample: [Double]) -> Row {
    let count = Double(sample.count)
    let mean = sample.reduce(0, +) / count
    let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    let sorted = sample.sorted()
    let quantiles = [0.05, 0.5, 0.95].map { quantile(sorted, $0) }
    return Row(
      name: name, mean: mean, standardDeviation: variance.squareRoot(), quantiles: quantiles)
  }

  /// By linear interpolation between order statistics.
  private static func quantile(_ sorted: [Double], _ probability: Double) -> Double {
    let position = probability * Double(sorted.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
  }

  public var description: String {
    let width = max(rows.map(\.name.count).max() ?? 0, 4) + 2
    let header = ["mean", "sd", "5%", "50%", "95%"].map { $0.leftPadding(to: 10) }.joined()
    let lines = rows.map { row in
      let numbers = [row.mean, row.standardDeviation] + row.quantiles
      return row.name.padding(to: width)
        + numbers.map { formatted($0, digits: 3).leftPadding(to: 10) }.joined()
    }
    return (["site".padding(to: width) + header] + lines).joined(separator: "\n")
  }
}
