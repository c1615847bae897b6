public import Tensors

/// The evidence lower bound with score-function gradients of less variance: Pyro's `TraceGraph_ELBO`.
///
/// Each draw that needs a score function has it multiplied by the costs that are computed from the
/// draw (Schulman et al. 2015), less a baseline if the site's `infer` has one. Values and the
/// gradients of reparameterised draws are those of `TraceELBO`.
public struct TraceGraphELBO: Objective {
  public let particles: Int

  public init(particles: Int = 1) {
    precondition(particles > 0, "TraceGraphELBO: particles must be positive, got \(particles)")
    self.particles = particles
  }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    var run = try ParticleTrace(model, guide)
    let averaged = run.guide.sites.filter { $0.isScored && $0.averageWeight != nil }
    guard !averaged.isEmpty else { return run }
    run.objective = try trace {
      for site in averaged {
        let shape = site.averageShape
        _ = mutable(site.averageName, Tensor.zeros(shape))
      }
    }
    return run
  }

  public func validate(_ run: ParticleTrace) throws { try run.requireMatch() }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    guard run.guide.hasScoredDraws else { return [run.logWeight] }
    let function = ScoreFunction(run)
    var assignments: [(name: String, value: Tensor)] = []
    var surrogate = [function.pathwise]
    for draw in function.scored {
      var cost = function.cost(of: draw, followsGraph: true)
      switch draw.site.infer.baseline {
      case .decayingAverage(let beta):
        guard let average = run.objective[draw.site.averageName]?.value else { break }
        let now = draw.site.averagedOverSubsets(cost)
        assignments.append((draw.site.averageName, beta * average + (1 - beta) * now))
        cost = cost - stopGradient(average)
      case .value(let value):
        let baseline = draw.site.baseline(function.withoutDraws(value))
        surrogate.append(-square(cost - baseline).sum())
        cost = cost - stopGradient(baseline)
      case nil: break
      }
      surrogate.append((cost * draw.logProb).sum())
    }
    var terms: ObjectiveTerms = [function.estimate, surrogate.total()]
    terms.assignments = assignments
    return terms
  }

  public func loss(_ terms: [Tensor]) -> Loss { Loss(negativeMeansOf: terms) }
}

extension Site {
  /// The weight on the past of a running average, where that is the baseline.
  fileprivate var averageWeight: Double? {
    guard case .decayingAverage(let beta) = infer.baseline else { return nil }
    return beta
  }

  /// The mutable site of the running average.
  fileprivate var averageName: String { "\(name)_average_cost" }

  /// Of plates that are computed with as a whole each copy has an average, of others all copies the
  /// same.
  fileprivate var averageShape: Shape {
    var shape = plateShape
    for plate in plates where plate.count != plate.size { shape[shape.rank + plate.axis] = 1 }
    return shape
  }

  fileprivate func averagedOverSubsets(_ cost: Tensor) -> Tensor {
    let axes = plates.filter { $0.count != $0.size }.map(\.axis)
    return axes.isEmpty ? cost : cost.mean(axes: axes, keepingAxes: true)
  }

  fileprivate func baseline(_ value: Tensor) -> Tensor {
    guard value.shape.broadcast(with: plateShape) == plateShape else {
      preconditionFailure(
        """
        site "\(name)": a baseline of shape \(value.shape) where the plates have the shape \
        \(plateShape)
        """)
    }
    return value.broadcast(to: plateShape)
  }
}
