import Foundation
import Models
import TestSupport
import Testing

@testable import PPL

/// Gaussian mixtures in plates: masks, subsamples, scales.
@Suite struct MixtureTests {
  private static let data = [-1.3, 0.2, 2.5, 3.1, -0.4, 1.7]
  /// Weights (not normalised), levels, log scale.
  private static let parameters = [0.5, 1.2, 0.8, -1, 0.5, 2.5, -0.2]

  /// log p(x) of each observation.
  private static func density(_ x: Double, _ p: [Double]) -> Double {
    let total = p[0] + p[1] + p[2]
    return logSumExp(
      (0..<3).map { log(p[$0] / total) + normalLogDensity(x, p[3 + $0], exp(p[6])) })
  }

  private static func expect(
    _ elbo: (Tensor) throws -> Tensor, _ exact: ([Double]) -> Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) rethrows {
    let tensor = Tensor(parameters)
    let value = try elbo(tensor)
    expectClose(
      [value.scalar()], [exact(parameters)], within: .relative(1e-12, absolute: 1e-14),
      sourceLocation: sourceLocation)
    let slopes = parameters.indices.map { index in
      slope { step in
        var moved = parameters
        moved[index] += step
        return exact(moved)
      }
    }
    expectClose(
      gradient(of: value, withRespectTo: tensor).array(), slopes,
      within: .relative(1e-9, absolute: 1e-9), sourceLocation: sourceLocation)
  }

  private static func observe(_ p: Tensor, _ data: Tensor) {
    let component = sample("z", Categorical(probs: p[0..<3]), infer: .enumerate())
    sample("x", Normal(p[3..<6][component.cast(to: .int64)], exp(p[6])), observed: data)
  }

  private static func total(_ p: [Double], _ weights: [Double]) -> Double {
    zip(data, weights).reduce(0) { $0 + ($1.1 == 0 ? 0 : $1.1 * density($1.0, p)) }
  }

  @Test func sharedModel() throws {
    let mixture = GaussianMixture(data: Tensor(Self.data), componentCount: 3)
    try Self.expect { p in
      try enumeratedELBO {
        mixture.observations(weights: p[0..<3], locs: p[3..<6], scale: exp(p[6]))
      }
    } _: {
      Self.total($0, [1, 1, 1, 1, 1, 1])
    }
  }

  /// The scale of a subsample counts outside of the logarithm.
  @Test func subsample() throws {
    let rows = Tensor([4, 1])
    try Self.expect { p in
      try enumeratedELBO {
        plate("data", 6, subsample: rows) { Self.observe(p, Tensor(Self.data)[rows]) }
      }
    } _: {
      Self.total($0, [0, 3, 0, 0, 3, 0])
    }
  }

  @Test func drawnSubsample() throws {
    let mixture = GaussianMixture(data: Tensor(Self.data), componentCount: 3)
    let p = Tensor(Self.parameters)
    for seed in 0..<10 {
      var chosen: [Int] = []
      let elbo = try enumeratedELBO(
        {
          mixture.observations(
            weights: p[0..<3], locs: p[3..<6], scale: exp(p[6]), subsampleSize: 2)
          plate("data", 6, subsampleSize: 2) { chosen = $0.intArray() }
        }, key: RandomKey(seed))
      let weights = (0..<6).map { chosen.contains($0) ? 3.0 : 0 }
      expectClose(
        [elbo.scalar()], [Self.total(Self.parameters, weights)], within: .relative(1e-12))
    }
  }

  @Test func scale() throws {
    try Self.expect { p in
      try enumeratedELBO {
        scaled(by: 2.5) { plate("data", 6) { Self.observe(p, Tensor(Self.data)) } }
      }
    } _: {
      Self.total($0, [2.5, 2.5, 2.5, 2.5, 2.5, 2.5])
    }
  }

  /// Where everything is masked nothing counts, the sum over components neither.
  @Test func mask() throws {
    let mask = [true, false, true, true, false, true]
    let weights = mask.map { $0 ? 1.0 : 0 }
    try Self.expect { p in
      try enumeratedELBO {
        plate("data", 6) { masked(Tensor(mask)) { Self.observe(p, Tensor(Self.data)) } }
      }
    } _: {
      Self.total($0, weights)
    }
    try Self.expect { p in
      try enumeratedELBO {
        masked(Tensor(mask)) { plate("data", 6) { Self.observe(p, Tensor(Self.data)) } }
      }
    } _: {
      Self.total($0, weights)
    }
    try Self.expect { p in
      try enumeratedELBO {
        masked(false) { plate("data", 6) { Self.observe(p, Tensor(Self.data)) } }
      }
    } _: { _ in
      0
    }
  }

  /// A mask of the data alone leaves the sum of the components' probabilities, 1; a mask of the
  /// components alone leaves their probabilities alone.
  @Test(arguments: [true, false]) func maskOfOne(_ isOfData: Bool) throws {
    let mask = Tensor([true, false, true, true, false, true])
    let all = Tensor([true])
    try Self.expect { p in
      try enumeratedELBO {
        plate("data", 6) {
          let chances = Categorical(probs: p[0..<3]).mask(isOfData ? all : mask)
          let component = sample("z", chances, infer: .enumerate()).cast(to: .int64)
          let normal = Normal(p[3..<6][component], exp(p[6])).mask(isOfData ? mask : all)
          sample("x", normal, observed: Tensor(Self.data))
        }
      }
    } _: {
      Self.total($0, isOfData ? [1, 0, 1, 1, 0, 1] : [1, 1, 1, 1, 1, 1])
    }
  }

  /// One component for all columns of a row: by a plate, by an event, and by an axis of the
  /// observation that belongs to nothing.
  @Test(arguments: 0..<3) func rows(_ way: Int) throws {
    let table = Tensor(Self.data).reshaped(to: way == 0 ? [2, 3] : [3, 2])
    func columns(_ row: Int) -> [Double] {
      (0..<2).map { way == 0 ? Self.data[3 * $0 + row] : Self.data[2 * row + $0] }
    }
    try Self.expect { p in
      try enumeratedELBO {
        plate("rows", 3) {
          let component = sample("z", Categorical(probs: p[0..<3]), infer: .enumerate())
            .cast(to: .int64)
          let loc = p[3..<6][component]
          switch way {
          case 0: plate("columns", 2) { _ = sample("x", Normal(loc, exp(p[6])), observed: table) }
          case 1:
            let each = loc.expandingDims(at: -1).broadcast(to: [3, 2])
            sample("x", Normal(each, exp(p[6])).toEvent(1), observed: table)
          default:
            let normal = Normal(loc.broadcast(to: [2, 3]), exp(p[6]))
            sample("x", normal, observed: table.transposed())
          }
        }
      }
    } _: { p in
      let total = p[0] + p[1] + p[2]
      return (0..<3).reduce(0) { sum, row in
        sum
          + logSumExp(
            (0..<3).map { k in
              columns(row).reduce(log(p[k] / total)) {
                $0 + normalLogDensity($1, p[3 + k], exp(p[6]))
              }
            })
      }
    }
  }

  // MARK: Other distributions

  private static func evidence(
    _ values: [Double], _ masses: [Double], _ x: Double
  ) -> Double {
    logSumExp(zip(values, masses).map { log($1) + normalLogDensity(x, $0, 1) })
  }

  /// Every distribution with a list of values.
  @Test func supports() throws {
    func bound(_ distribution: some Distribution, _ value: (Tensor) -> Tensor = { $0 }) throws
      -> Double
    {
      try enumeratedELBO {
        let z = sample("z", distribution, infer: .enumerate())
        sample("x", Normal(value(z), 1), observed: 1.3)
      }.scalar()
    }
    let bounds = try [
      bound(Bernoulli(probs: 0.3)), bound(Binomial(3, probs: 0.4)),
      bound(DiscreteUniform(2, 4)),
      bound(OneHotCategorical(probs: [0.2, 0.5, 0.3])) { ($0 * [0, 2, 5]).sum(axis: -1) },
      bound(Categorical(probs: [0.2, 0.5, 0.3]).mask(true)),
      bound(Empirical([1, 2.5])),
    ]
    let exact = [
      Self.evidence([0, 1], [0.7, 0.3], 1.3),
      Self.evidence([0, 1, 2, 3], [0.216, 0.432, 0.288, 0.064], 1.3),
      Self.evidence([2, 3, 4], [1.0 / 3, 1.0 / 3, 1.0 / 3], 1.3),
      Self.evidence([0, 2, 5], [0.2, 0.5, 0.3], 1.3),
      Self.evidence([0, 1, 2], [0.2, 0.5, 0.3], 1.3), Self.evidence([1, 2.5], [0.5, 0.5], 1.3),
    ]
    expectClose(bounds, exact, within: .relative(1e-13))
  }

  /// `configEnumerate` marks what can be summed over, and nothing else.
  @Test func marks() throws {
    let record = try seeded(key: RandomKey(1)) {
      try trace {
        configEnumerate(.sequential) {
          sample("a", Bernoulli(probs: 0.3))
          sample("b", Normal(0, 1))
          sample("c", Poisson(2))
          sample("d", Bernoulli(probs: 0.3), infer: .enumerate(.parallel))
          sample("e", Bernoulli(probs: 0.3), observed: 1)
          sample("f", Categorical(probs: [0.5, 0.5]), infer: .scoreFunction)
        }
      }
    }
    #expect(record["a"]?.infer.enumeration == .sequential)
    #expect(record["d"]?.infer.enumeration == .parallel)
    for name in ["b", "c", "e"] { #expect(record[name]?.infer.enumeration == nil, "\(name)") }
    #expect(record["f"]?.infer.enumeration == .sequential)
    #expect(record["f"]?.infer.usesScoreFunction == true)
    let elbo = try enumeratedELBO {
      configEnumerate {
        let z = sample("z", Bernoulli(probs: 0.3))
        sample("x", Normal(z, 1), observed: 1.3)
      }
    }
    expectClose(
      [elbo.scalar()], [Self.evidence([0, 1], [0.7, 0.3], 1.3)], within: .relative(1e-13))
  }

  /// A guide need not draw what is summed out; the fit draws it from its posterior.
  @Test func withGuide() throws {
    let mixture = GaussianMixture(data: [0, 1, 10, 11, 12], componentCount: 2)
    let svi = try SVI(
      mixture.model,
      guide: {
        let shares = param("shares", Tensor([2.0, 2]), constraint: .positive)
        sample("weights", Dirichlet(shares))
        sample("scale", LogNormal(param("size", Tensor([0.0], shape: [])), 0.3))
        let locs = param("centers", Tensor([2.0, 8]))
        plate("components", 2) { _ = sample("locs", Normal(locs, 0.5)) }
      }, optimizer: Adam(0.05), loss: TraceEnumELBO(particles: 4))
    let fit = try svi.run(steps: 600, showsProgress: false)
    let draws = try fit.samplePosterior(500)
    let locs = try #require(draws.first { $0.name == "locs" }).draws.mean(axis: 0).array()
    expectClose(locs.sorted(), [0.5, 11], within: .relative(0, absolute: 0.4))
    let components = try #require(draws.first { $0.name == "component" }).draws.mean(axis: 0)
    let first = components.array().map { locs[0] < locs[1] ? $0 : 1 - $0 }
    expectClose(first, [0, 0, 1, 1, 1], within: .relative(0, absolute: 0.02))
  }
}
