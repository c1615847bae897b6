import FlowGuides
import Foundation
import TestSupport
import Testing

/// The programs of the article "From Pyro and NumPyro" find what Pyro finds.
@Suite struct FromPyroTests {
  private struct Moments: Decodable {
    let mean: [Double]
    let sd: [Double]
  }

  private static let programs: [(name: String, draws: @Sendable () throws -> Draws)] = [
    ("coin", coinPosterior), ("line", linePosterior), ("schools", schoolsPosterior),
    ("doses", dosesPosterior), ("counts", countsPosterior), ("mixture", mixturePosterior),
    ("weather", weatherPosterior), ("batches", batchesPosterior), ("centred", centredPosterior),
    ("seen", seenPosterior), ("done", donePrediction),
  ]

  /// Golden/make_from_pyro.py: of 2,000 to 4,000 draws. Means agree within 0.15 posterior standard
  /// deviations, standard deviations within 15 %: the noise of both programs' draws and of their last
  /// stochastic steps is a third of that, and a wrong scale or a missing Jacobian moves either by more.
  @Test(arguments: programs.indices) func agrees(_ number: Int) throws {
    let (name, draw) = Self.programs[number]
    let golden = try Golden.load("from_pyro.json", as: [String: [String: Moments]].self)
    let expected = try #require(golden[name])
    let posterior = try draw()
    for (site, moments) in expected {
      let draws = try #require(posterior.first { $0.name == site }?.draws, "\(name): no \(site)")
      let count = draws.shape[0]
      let means = draws.mean(axis: 0).flattened().array()
      let squares = square(draws - draws.mean(axis: 0, keepingAxes: true)).sum(axis: 0)
      let sds = sqrt(squares / Tensor(Double(max(count - 1, 1)))).flattened().array()
      for index in moments.mean.indices {
        let allowed = max(0.15 * moments.sd[index], 0.005 * abs(moments.mean[index]))
        #expect(
          abs(means[index] - moments.mean[index]) <= allowed,
          "\(name), \(site)[\(index)]: mean \(means[index]), Pyro's \(moments.mean[index])")
        #expect(
          abs(sds[index] - moments.sd[index]) <= 0.15 * moments.sd[index] + 1e-9,
          "\(name), \(site)[\(index)]: sd \(sds[index]), Pyro's \(moments.sd[index])")
      }
    }
  }

  /// What the article shows is what is run.
  @Test func theArticleShowsThem() throws {
    let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    func text(_ path: String) throws -> String {
      try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
    let article = try text("Sources/FlowGuides/FlowGuides.docc/FromPyroAndNumPyro.md")
    for (language, mark, path) in [
      ("swift", "//", "Tests/ModelTests/FromPyro/Programs.swift"),
      ("python", "#", "Tests/Golden/make_from_pyro.py"),
    ] {
      let parts = try text(path).components(separatedBy: "\n\(mark) ----")
      let programs = parts.filter { $0.hasPrefix(" ") }.map { part in
        String(part.drop { $0 != "\n" }).trimmingCharacters(in: .newlines)
      }
      #expect(programs.count == 10, "\(language): \(programs.count) programs")
      for program in programs {
        #expect(article.contains("```\(language)\n\(program)\n```"), "\(language): \(program)")
      }
    }
  }
}
