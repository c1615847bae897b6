import Foundation
import TestSupport
import Testing

@Suite struct EightSchoolsTests {
  private let tutorial = Tutorial(name: "eight-schools")

  @Test func helpNamesEveryOption() throws {
    let run = try tutorial("--help")
    #expect(run.status == 0 && run.errors.isEmpty)
    for option in ["--steps", "--seed", "--dtype", "--json", "--help"] {
      #expect(run.output.contains(option))
    }
  }

  /// An argument that is not understood: option, value and fix are named, nothing runs.
  @Test(arguments: [
    (["--steps", "0"], "--steps: expected a whole number from 1 to 10000000, got \"0\"; for "),
    (["--steps", "many"], "got \"many\"; for example --steps 2500"),
    (["--steps", "10000001"], "from 1 to 10000000, got \"10000001\""),
    (["--steps"], "--steps: expected a whole number from 1 to 10000000; for example"),
    (["--steps="], "got \"\"; for example --steps 2500"),
    (["--seed", "1.5"], "--seed: expected a whole number, got \"1.5\"; for example --seed 0"),
    (["--dtype", "float16"], "--dtype: expected float64 or float32, got \"float16\"; for example"),
    (["--json=yes"], "--json: takes no value, got \"yes\"; write --json alone"),
    (["--stepz", "5"], "--stepz: unknown option; use --steps, --seed, --dtype, --json or --help"),
    (["5"], "5: unknown option; use --steps"),
  ])
  func badArgumentsAreNamed(_ arguments: [String], _ message: String) throws {
    let run = try tutorial(arguments)
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  /// The numbers to compare with are those of Tests/Golden/eight_schools.py, rounded.
  @Test func exactValuesAreTheGoldenOnes() throws {
    let golden = try Golden.load("eight_schools.json", as: GoldenPosterior.self)
    let report = try fit("--steps", "1")
    #expect(report.sites.map(\.name) == golden.sites.map(\.name))
    for (site, exact) in zip(report.sites, golden.sites) {
      expectClose(
        site.exact.numbers, [exact.mean, exact.sd] + exact.quantiles,
        within: .relative(0, absolute: 5.1e-7), site.name)
    }
    expectClose([report.logEvidence], [golden.logEvidence], within: .relative(1e-11))
  }

  @Test(arguments: ["float64", "float32"])
  func fewStepsComeNear(_ dtype: String) throws {
    let report = try fit("--steps=400", "--seed=-7", "--dtype=\(dtype)")
    #expect((report.steps, report.seed) == (400, -7))
    #expect(report.dtype == dtype)
    for site in report.sites {
      #expect(abs(site.fitted.mean - site.exact.mean) < 0.3 * site.exact.sd, "\(site.name)")
      #expect(abs(log(site.fitted.sd / site.exact.sd)) < 0.3, "\(site.name)")
    }
    #expect(abs(report.elbo.mean - report.logEvidence) < 0.5)
  }

  @Test func seedsDetermineTheResult() throws {
    let first = try fit("--steps", "20")
    let again = try fit("--steps", "20", "--seed", "0")
    let other = try fit("--steps", "20", "--seed", "1")
    #expect(first.sites == again.sites && first.elbo == again.elbo)
    #expect(first.sites != other.sites && first.elbo != other.elbo)
  }

  @Test func theTableHasEverySite() throws {
    let run = try tutorial("--steps", "20")
    #expect(run.status == 0)
    #expect(run.output.contains("theta[i]  = mu + tau"))
    let golden = try Golden.load("eight_schools.json", as: GoldenPosterior.self)
    let lines = run.output.split(separator: "\n")
    for site in golden.sites {
      let row = try #require(lines.first { $0.hasPrefix("\(site.name) ") && $0.contains(".") })
      #expect(row.split(separator: " ").count == 11, "\(row)")
    }
    #expect(run.output.contains("the log evidence is -31.3113"))
  }

  /// What the tutorial promises.
  @Test(arguments: 0..<5, ["float64", "float32"])
  func theFitIsAccurate(_ seed: Int, _ dtype: String) throws {
    let report = try fit("--seed", "\(seed)", "--dtype", dtype)
    for site in report.sites {
      let error = abs(site.fitted.mean - site.exact.mean) / site.exact.sd
      #expect(error <= 0.05, "\(site.name) is \(error) sd off")
    }
    let gap = report.logEvidence - report.elbo.mean
    #expect(gap <= 0.05 && gap > -5 * report.elbo.standardError)
  }

  private func fit(_ arguments: String...) throws -> Report {
    let run = try tutorial(arguments + ["--json"])
    try #require(run.status == 0, "\(run.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
  }
}

/// What `--json` prints.
private struct Report: Decodable {
  struct Statistics: Decodable, Equatable {
    let mean: Double
    let sd: Double
    let quantiles: [Double]

    var numbers: [Double] { [mean, sd] + quantiles }
  }

  struct Site: Decodable, Equatable {
    let name: String
    let fitted: Statistics
    let exact: Statistics
  }

  struct ELBO: Decodable, Equatable {
    let mean: Double
    let standardError: Double
  }

  let steps: Int
  let seed: Int
  let dtype: String
  let sites: [Site]
  let elbo: ELBO
  let logEvidence: Double
}

private struct GoldenPosterior: Decodable {
  struct Site: Decodable {
    let name: String
    let mean: Double
    let sd: Double
    let quantiles: [Double]
  }

  let logEvidence: Double
  let sites: [Site]
}
