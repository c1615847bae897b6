import FlowGuides
import Foundation
import Models
import TutorialKit

/// A fitted posterior beside the exact one.
struct Report: Encodable {
  struct Statistics: Encodable {
    let mean: Double
    let sd: Double
    /// The 5 %, 50 % and 95 % quantiles.
    let quantiles: [Double]

    init(_ row: Summary.Row) {
      (mean, sd, quantiles) = (row.mean, row.standardDeviation, row.quantiles)
    }

    var numbers: [Double] { [mean, sd] + quantiles }
  }

  struct Site: Encodable {
    let name: String
    let fitted: Statistics
    let exact: Statistics
  }

  struct ELBO: Encodable {
    let mean: Double
    let standardError: Double
  }

  /// From the start of the program's own code.
  struct Seconds: Encodable {
    let fit: Double
    let total: Double
  }

  let steps: Int
  let seed: Int
  let dtype: String
  let sites: [Site]
  let elbo: ELBO
  let logEvidence: Double
  let seconds: Seconds

  init(
    _ settings: Settings, _ summary: Summary, elbo: (mean: Double, error: Double), seconds: Seconds
  ) {
    steps = settings.steps
    seed = settings.seed
    dtype = "\(settings.dtype)"
    sites = summary.rows.compactMap { row in
      EightSchools.reference[row.name].map { exact in
        Site(name: row.name, fitted: Statistics(row), exact: Statistics(exact))
      }
    }
    self.elbo = ELBO(mean: elbo.mean, standardError: elbo.error)
    logEvidence = EightSchools.logEvidence
    self.seconds = seconds
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  var text: String {
    let columns = ["mean", "sd", "5%", "50%", "95%"].map { right($0, 8) }.joined()
    let heading = right("fitted", 18) + right("exact", 42)
    let lines = sites.map { site in
      let numbers = [site.fitted, site.exact].map { statistics in
        statistics.numbers.map { right(fixed($0, 3), 8) }.joined()
      }
      return left(site.name, 10)
        + numbers.joined(separator: "   ")
    }
    let bounds = "ELBO \(fixed(elbo.mean, 4)) ± \(fixed(elbo.standardError, 4))"
    return """
      \(heading)
      site      \(columns)   \(columns)
      \(lines.joined(separator: "\n"))

      \(bounds), the log evidence is \(fixed(logEvidence, 4))
      \(steps) steps in \(fixed(seconds.fit, 3)) s; \(fixed(seconds.total, 3)) s in all
      """
  }
}
