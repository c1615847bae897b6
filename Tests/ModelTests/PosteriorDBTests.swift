import Foundation
import Models
import PPL
import TestSupport
import Testing

@Suite struct PosteriorDBTests {
  @Test func eleven() { #expect(PosteriorDB.names.count == 11) }

  /// The log joint density is finite at the reference means, and every row of the reference is an
  /// element of a site of the model.
  @Test(arguments: PosteriorDB.names) func loads(_ name: String) throws {
    let posterior = try PosteriorDB.load(name, from: Golden.posteriordb)
    #expect(posterior.name == name)
    var start: [String: Tensor] = [:]
    for row in posterior.reference.rows {
      let site = String(row.name.prefix { $0 != "[" })
      let isElement = site != row.name
      start[site] = isElement ? Tensor((start[site]?.array() ?? []) + [row.mean]) : Tensor(row.mean)
    }
    let record: Trace = try seeded(key: RandomKey(0)) {
      try trace { substitute(start) { posterior.model() } }
    }
    #expect(record.logProbSum().scalar().isFinite)
    let names = record.sites.filter { !$0.isObserved }.map(\.name)
    #expect(Set(start.keys).isSubset(of: names), "\(start.keys.sorted()) of \(names)")
  }

  @Test func errors() throws {
    #expect { try PosteriorDB.load("arK", from: Golden.posteriordb) } throws: { error in
      "\(error)".contains("no model for the posterior \"arK\"; there are arK-arK, earnings-")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try #"{"data": {"y": [1, 2]}, "reference": {}}"#.write(
      to: folder.appending(path: "arK-arK.json"), atomically: true, encoding: .utf8)
    #expect { try PosteriorDB.load("arK-arK", from: folder) } throws: { error in
      "\(error)" == "the data of \"arK-arK\" have no \"K\""
    }
    #expect(throws: (any Error).self) { try PosteriorDB.load("garch-garch11", from: folder) }
  }
}
