import Tensors

/// Markov chain Monte Carlo: draws from the posterior itself, against which any guide can be
/// checked.
///
///     let result = try MCMC(model, kernel: NUTS(), warmup: 1000, samples: 1000, chains: 4).run()
///     print(result.summary())
///
/// The latent sites are moved on unconstrained numbers; the step size and the metric are found in
/// the warm-up. Chains run in parallel and have random numbers of their own: the same seed gives the
/// same draws.
public struct MCMC {
  private let model: () -> Void
  private let kernel: any MCMCKernel
  private let warmup: Int
  private let samples: Int
  private let chains: Int
  private let strategy: InitStrategy
  private let seed: Int

  /// - Parameters:
  ///   - model: what it returns is dropped.
  ///   - warmup: steps per chain before the draws that count.
  ///   - samples: draws per chain.
  ///   - start: where the chains start.
  ///   - parameters: the fitted parameters of the model, if it has such; those without keep their
  ///     initial values.
  public init<Result>(
    _ model: @escaping () -> Result, kernel: any MCMCKernel = NUTS(), warmup: Int = 1000,
    samples: Int = 1000, chains: Int = 4, start: InitStrategy = .uniform(),
    parameters: ParameterStore? = nil, seed: Int = 0
  ) {
    precondition(warmup >= 0, "MCMC: warmup must not be negative, got \(warmup)")
    precondition(samples > 0, "MCMC: samples must be positive, got \(samples)")
    precondition(chains > 0, "MCMC: chains must be positive, got \(chains)")
    self.model = DrawnModel(model: { _ = model() }, parameters: parameters).run
    self.kernel = kernel
    self.warmup = warmup
    self.samples = samples
    self.chains = chains
    strategy = start
    self.seed = seed
  }

  /// Runs the chains. A line of progress, and warnings, are shown when standard error is a terminal;
  /// Ctrl-C ends the run with the draws so far: of the chains that got far, as many draws as each of
  /// them has.
  ///
  /// - Throws: `CompileError.readsValue` if the model branches on latent values; `ModelError` if its
  ///   sites are of a kind the sampler cannot move, or no start with a finite density was found;
  ///   `SamplingError.noDraws` after an interrupt during the warm-up.
  public func run(showsProgress: Bool = true) throws -> MCMCResult {
    let density = try LogDensity(model, seed: seed)
    let key = RandomKey.hostFoldIn(RandomKey(seed).hostValue, RandomKey.datum(of: "chains"))
    let runs = try (0..<chains).map { number in
      let chainKey = RandomKey.hostFoldIn(key, number)
      return ChainRun(
        kernel, density, try start(density, chainKey), key: chainKey, Warmup(steps: warmup), samples
      )
    }
    let progress = ChainProgress(chains * (warmup + samples), isEnabled: showsProgress)
    Interruption.whileWatching {
      Threads.concurrently(chains) { runs[$0].run(progress) }
    }
    progress.finish()
    let records = ChainRecord.longest(runs.map(\.record))
    guard records.contains(where: { $0.count > 0 }) else { throw SamplingError.noDraws }
    let result = try MCMCResult(density, records)
    progress.say { result.warnings.map { "warning: \($0)" } }
    return result
  }

  /// An unconstrained point whose density and gradient are finite.
  private func start(_ density: LogDensity, _ key: Int64) throws -> [Double] {
    let evaluator = density.evaluator()
    for attempt in 0..<100 {
      let start = try density.layout.point(
        strategy, RandomKey.host(RandomKey.hostFoldIn(key, attempt)))
      if PhasePoint(start, evaluator).isFinite { return start }
    }
    throw ModelError.noStart(attempts: 100)
  }
}
