import Distributions
import Foundation

/// ∫ of several functions over pieces of the real line, by Gauss–Legendre quadrature whose pieces are
/// halved until the halves agree with the whole. All points of a round are evaluated at once.
struct Quadrature {
  /// The values of all integrands at points, one array per integrand.
  typealias Integrands = ([Double]) -> [[Double]]

  private static let rule = GSL.gaussLegendre(20)

  /// - Parameter tolerance: the error allowed to each integrand and piece.
  static func integrals(
    over pieces: [ClosedRange<Double>], tolerances: [Double], _ integrands: Integrands
  ) -> [Double] {
    var totals = tolerances.map { _ in 0.0 }
    var open = pieces.filter { $0.lowerBound < $0.upperBound }
    var wholes = sums(open, integrands)
    // Thousands of pieces at once are a sign of an integral that diverges.
    for _ in 0..<60 where !open.isEmpty && open.count < 2000 {
      let halves = open.flatMap { piece -> [ClosedRange<Double>] in
        let middle = 0.5 * piece.lowerBound + 0.5 * piece.upperBound
        return [piece.lowerBound...middle, middle...piece.upperBound]
      }
      let parts = sums(halves, integrands)
      var next: [ClosedRange<Double>] = []
      var nextWholes: [[Double]] = []
      for index in open.indices {
        let refined = zip(parts[2 * index], parts[2 * index + 1]).map { $0 + $1 }
        let isDone = tolerances.indices.allSatisfy {
          (refined[$0] - wholes[index][$0]).magnitude <= tolerances[$0]
        }
        if isDone {
          for item in totals.indices { totals[item] += refined[item] }
        } else {
          next += halves[(2 * index)...(2 * index + 1)]
          nextWholes += parts[(2 * index)...(2 * index + 1)]
        }
      }
      (open, wholes) = (next, nextWholes)
    }
    return open.isEmpty ? totals : totals.map { _ in .nan }
  }

  /// The integrals over each piece.
  private static func sums(
    _ pieces: [ClosedRange<Double>], _ integrands: Integrands
  ) -> [[Double]] {
    guard !pieces.isEmpty else { return [] }
    let points = pieces.flatMap { piece in
      rule.map { piece.lowerBound + (piece.upperBound - piece.lowerBound) * $0.node }
    }
    let values = integrands(points)
    return pieces.indices.map { index in
      let width = pieces[index].upperBound - pieces[index].lowerBound
      return values.map { row in
        width
          * rule.indices.reduce(0) { $0 + rule[$1].weight * row[index * rule.count + $1] }
      }
    }
  }
}
