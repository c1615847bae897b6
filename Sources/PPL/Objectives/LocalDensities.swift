import Tensors

/// The log densities of one run, apart for every copy of the plates that all sites stand in.
///
/// Objectives that are not linear in the log densities hold for each copy alone: the copies'
/// estimates are added, and a subset of them stands for the whole without bias.
struct LocalDensities {
  /// log p(x, z), a vector with an element per copy.
  let model: Tensor
  /// log q(z).
  let guide: Tensor
  /// log q of the draws that need a score function, without scales; nil if there are none.
  let scored: Tensor?
  /// How many copies of the whole each of these stands for.
  let scale: Tensor

  var logWeight: Tensor { model - guide }

  private let common: CommonPlates
  private let passes: [[Int]]

  init(_ run: ParticleTrace) {
    let costs = run.costs
    let common = CommonPlates(run, costs)
    let scale = common.scale
    let passes = costs.map { common.passes(of: $0.site) }.uniqued()
    func vector(_ term: (Cost) -> Tensor?) -> Tensor {
      common.vector(costs, passes, term)
    }
    func density(_ cost: Cost) -> Tensor {
      cost.site.scaled(cost.summed(keeping: common.plates), by: 1 / scale)
    }
    self.common = common
    self.passes = passes
    model = vector { $0.isInGuide ? nil : density($0) }
    guide = vector { $0.isInGuide ? density($0) : nil }
    scored =
      run.guide.hasScoredDraws
      ? vector { cost in
        cost.isScored ? cost.summed(keeping: common.plates) : nil
      } : nil
    self.scale = Tensor(floatLiteral: scale)
  }

  /// Σᵢ slopeᵢ · zᵢ over some draws, for each copy.
  func along(_ draws: [Site], _ slopes: [Tensor]) -> Tensor {
    let products = zip(draws, slopes).map { site, slope -> Cost in
      let rank = site.distribution?.eventShape.rank ?? 0
      let product = slope * (site.value ?? 0)
      let sum = rank > 0 ? product.sum(axes: (1...rank).map { -$0 }) : product
      return Cost(site: site, isInGuide: true, logProb: site.spread(sum))
    }
    return common.vector(products, passes) { cost in
      (1 / common.scale) * cost.summed(keeping: common.plates)
    }
  }
}

/// The plates that all sites of a run stand in.
struct CommonPlates {
  /// The vectorised ones.
  let plates: [Site.Plate]
  /// The names of the sequential ones.
  private let sequences: [String]
  /// How many copies of the whole each copy stands for.
  let scale: Double
  /// The shape that the vectorised ones make.
  let shape: Shape
  /// A plate that is subsampled without being common.
  let strayPlate: String?

  init(_ run: ParticleTrace, _ costs: [Cost]) {
    let sites = costs.map(\.site)
    let plates = (sites.first?.plates ?? []).filter { plate in
      sites.allSatisfy { $0.plates.contains(plate) }
    }
    let sequences = (sites.first?.iterations ?? []).map(\.plate).filter { name in
      sites.allSatisfy { site in site.iterations.contains { $0.plate == name } }
    }
    let names = Set(plates.map(\.name) + sequences)
    // Sequential plates are known from the sites that drew their subsets.
    let subsampled = Dictionary(
      (run.model.plates + run.guide.plates).filter { $0.count != $0.size }.map { ($0.name, $0) }
    ) { first, _ in first }
    scale = subsampled.values.filter { names.contains($0.name) }.reduce(1) { $0 * $1.scale }
    strayPlate = subsampled.keys.filter { !names.contains($0) }.min()
    var shape = Shape(repeating: 1, count: plates.map { -$0.axis }.max() ?? 0)
    for plate in plates { shape[shape.rank + plate.axis] = plate.count }
    self.shape = shape
    self.plates = plates
    self.sequences = sequences
  }

  /// Terms of costs added up for each copy, of the vectorised plates and of some passes of the
  /// sequential ones.
  func vector(_ costs: [Cost], _ passes: [[Int]], _ term: (Cost) -> Tensor?) -> Tensor {
    let groups = Dictionary(grouping: costs) { self.passes(of: $0.site) }
    let parts = passes.map { pass in
      let total = (groups[pass] ?? []).compactMap(term).total()
      return total.broadcast(to: shape).flattened()
    }
    return parts.count == 1 ? parts[0] : concat(parts)
  }

  /// The passes of the common sequential plates that a site stands in.
  func passes(of site: Site) -> [Int] {
    sequences.compactMap { name in site.iterations.first { $0.plate == name }?.index }
  }
}

extension ParticleTrace {
  /// Checks that subsets are taken of plates that enclose all sites.
  func requireCommonSubsets() throws(ModelError) {
    if let plate = CommonPlates(self, costs).strayPlate { throw .partialSubset(plate) }
  }
}

extension Tensor {
  /// log of the mean of exp along an axis.
  func logMeanExp(axis: Int) -> Tensor {
    logSumExp(axis: axis) - log(Tensor(floatLiteral: Double(shape[axis])))
  }
}

extension Array where Element: Hashable {
  /// The elements, each once, in the order in which they come first.
  fileprivate func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
