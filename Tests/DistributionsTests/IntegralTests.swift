import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Mass, mean, variance and entropy as integrals and sums of a distribution's own density.
@Suite struct IntegralTests {
  /// Those of the distribution that exist and are stated; the mean and mean square are about the
  /// median, so that large ones do not cancel.
  private enum Item: Equatable {
    case mass, mean, square, entropy

    /// What is summed at a point of density p, `distance` away from the median.
    func term(_ p: Double, _ logProb: Double, _ distance: Double) -> Double {
      guard p > 0 else { return p }
      return switch self {
      case .mass: p
      case .mean: p * distance
      case .square: p * distance * distance
      case .entropy: -p * logProb
      }
    }
  }

  private static func items(_ distribution: any Distribution) -> [Item] {
    var items = [Item.mass]
    if let moments = distribution as? any MomentDistribution {
      if moments.mean.scalar().isFinite { items.append(.mean) }
      if moments.variance.scalar().isFinite { items.append(.square) }
    }
    return items + (distribution is any EntropyDistribution ? [.entropy] : [])
  }

  @Test(arguments: DistributionCase.continuous) func densities(_ subject: DistributionCase) {
    for parameters in subject.draws(20) {
      Self.check(Self.integrate(subject, parameters), subject, parameters)
    }
  }

  @Test(arguments: DistributionCase.discrete) func masses(_ subject: DistributionCase) {
    for parameters in subject.draws(20) {
      let (lower, upper) = subject.support.bounds(parameters)
      let end = min(upper, subject.quantile(1 - 1e-13, parameters) + 50, lower + 200_000)
      let points = stride(from: lower, through: end, by: 1).map { $0 }
      let distribution = subject.distribution(parameters)
      let masses = exp(distribution.logProb(Tensor(points))).array()
      // The tail of a heavy one is left out.
      let isWhole = end == upper || end < lower + 200_000
      guard isWhole else {
        let sum = masses.reduce(0, +)
        #expect((sum - subject.cdf(end, parameters)).magnitude < 1e-8, "\(subject) \(parameters)")
        continue
      }
      let middle = subject.quantile(0.5, parameters)
      let items = Self.items(distribution)
      let sums = items.map { item in
        zip(points, masses).reduce(0.0) { sum, pair in
          sum + item.term(pair.1, log(pair.1), pair.0 - middle)
        }
      }
      Self.check(Array(zip(items, sums)), subject, parameters)
    }
  }

  private static func check(
    _ sums: [(Item, Double)], _ subject: DistributionCase, _ parameters: [Double]
  ) {
    let what = "\(subject) of \(parameters)"
    func sum(_ item: Item) -> Double { sums.first { $0.0 == item }?.1 ?? .nan }
    #expect((sum(.mass) - 1).magnitude < 1e-8, "mass of \(what): \(sum(.mass))")
    let distribution = subject.distribution(parameters)
    let middle = subject.quantile(0.5, parameters)
    let width = subject.quantile(0.75, parameters) - subject.quantile(0.25, parameters)
    if let moments = distribution as? any MomentDistribution {
      let (mean, variance) = (moments.mean.scalar(), moments.variance.scalar())
      let square = sum(.square) - sum(.mean) * sum(.mean)
      #expect(
        !mean.isFinite || (mean - middle - sum(.mean)).magnitude <= 1e-7 * max(width, 1e-3),
        "mean of \(what): \(mean), \(middle + sum(.mean)) by integration")
      #expect(
        !variance.isFinite || (variance - square).magnitude <= 1e-6 * variance,
        "variance of \(what): \(variance), \(square) by integration")
    }
    if let entropy = (distribution as? any EntropyDistribution)?.entropy.scalar() {
      #expect(
        (entropy - sum(.entropy)).magnitude <= 1e-7 * (1 + entropy.magnitude),
        "entropy of \(what): \(entropy), \(sum(.entropy)) by integration")
    }
  }

  // MARK: Densities

  /// Pieces between quantiles, and two tails with a substitution of their own.
  private static func integrate(
    _ subject: DistributionCase, _ parameters: [Double]
  ) -> [(Item, Double)] {
    let distribution = subject.distribution(parameters)
    let (lower, upper) = subject.support.bounds(parameters)
    let quantiles = [1e-6, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-6]
      .map { min(max(subject.quantile($0, parameters), lower), upper) }
    let width = quantiles[5] - quantiles[3]
    let items = items(distribution)
    func integrals(
      _ pieces: [ClosedRange<Double>],
      _ point: @escaping (Double) -> (x: Double, logSlope: Double)
    ) -> [Double] {
      Quadrature.integrals(
        over: pieces,
        tolerances: items.map { 1e-11 * ($0 == .mean ? width : $0 == .square ? width * width : 1) }
      ) { t in
        let mapped = t.map(point)
        let density = distribution.logProb(Tensor(mapped.map(\.x))).array()
        let p = zip(mapped, density).map { point, logProb in
          // What rounds to an edge is the edge's no more.
          point.x == lower || point.x == upper || point.x.isInfinite || logProb == -.infinity
            ? 0 : exp(logProb + point.logSlope)
        }
        return items.map { item in
          p.indices.map { item.term(p[$0], density[$0], mapped[$0].x - quantiles[4]) }
        }
      }
    }
    let (first, last) = (quantiles[0], quantiles[8])
    let parts = [
      integrals(zip(quantiles, quantiles.dropFirst()).map { $0...max($0, $1) }) { ($0, 0) },
      integrals(tailPieces, tail(from: first, to: lower, quantiles[1] - first)),
      integrals(tailPieces, tail(from: last, to: upper, quantiles[7] - last)),
    ]
    return items.indices.map { index in
      (items[index], parts.reduce(0) { $0 + $1[index] })
    }
  }

  private static let tailPieces: [ClosedRange<Double>] = {
    let ends = [0, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 700]
    return zip(ends, ends.dropFirst()).map { $0...$1 }
  }()

  /// From `start` exponentially closer to a finite end, or exponentially far from it.
  private static func tail(from start: Double, to end: Double, _ width: Double) -> (Double) -> (
    x: Double, logSlope: Double
  ) {
    let distance = end - start
    if end.isFinite {
      return { t in (end - distance * exp(-t), log(distance.magnitude) - t) }
    }
    return { t in (start - width * expm1(t), log(width.magnitude) + t) }
  }
}
