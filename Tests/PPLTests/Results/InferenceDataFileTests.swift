#if NetCDF
  import CNetCDF
  import Foundation
  import PPL
  import TestSupport
  import Testing

  /// Files read back by the C library. What Python's ArviZ makes of them is checked by
  /// Tests/Golden/check_inference_data.py.
  @Suite struct InferenceDataFileTests {
    /// Where the file is written; the check in Python names a place of its own.
    private static func path() -> String {
      ProcessInfo.processInfo.environment["INFERENCE_DATA"]
        ?? FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).nc").path()
    }

    private static func values(_ path: String, _ group: String, _ name: String) -> [Double]? {
      var (file, id, variable): (Int32, Int32, Int32) = (0, 0, 0)
      var rank: Int32 = 0
      guard nc_open(path, NC_NOWRITE, &file) == NC_NOERR else { return nil }
      defer { nc_close(file) }
      guard nc_inq_ncid(file, group, &id) == NC_NOERR,
        nc_inq_varid(id, name, &variable) == NC_NOERR,
        nc_inq_varndims(id, variable, &rank) == NC_NOERR
      else { return nil }
      var dimensions = [Int32](repeating: 0, count: Int(rank))
      nc_inq_vardimid(id, variable, &dimensions)
      let count = dimensions.reduce(1) { count, dimension in
        var extent = 0
        nc_inq_dimlen(id, dimension, &extent)
        return count * extent
      }
      var result = [Double](repeating: .nan, count: count)
      return nc_get_var_double(id, variable, &result) == NC_NOERR ? result : nil
    }

    @Test func roundTrip() throws {
      let path = Self.path()
      let isKept = ProcessInfo.processInfo.environment["INFERENCE_DATA"] != nil
      defer { if !isKept { try? FileManager.default.removeItem(atPath: path) } }
      let data = try InferenceDataTests.chains().inferenceData(for: InferenceDataTests.model)
      try data.write(to: path)
      for (group, variables) in data.groups {
        for variable in variables {
          let name = variable.name.replacing("/", with: ".")
          let values = try #require(Self.values(path, group.rawValue, name))
          #expect(values == variable.values.cast(to: .float64).array(), "\(group) \(name)")
        }
      }
      #expect(Self.values(path, "posterior", "draw") == (0..<25).map(Double.init))
      #expect(Self.values(path, "posterior", "part.w_dim_0") == [0, 1])
    }

    @Test func refusals() throws {
      let data = try InferenceDataTests.chains().inferenceData(for: InferenceDataTests.model)
      #expect(throws: FileError.self) { try data.write(to: "/nowhere/at/all.nc") }
      func clashing() {
        sample("a/b", Normal(0, 1))
        sample("a.b", Normal(0, 1))
      }
      let chains = try MCMC(clashing, warmup: 20, samples: 5, chains: 1).run()
      let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).nc")
      let error = #expect(throws: FileError.self) {
        try chains.inferenceData(for: clashing).write(to: path.path())
      }
      #expect("\(error!)".contains("name in use"))
      #expect(!FileManager.default.fileExists(atPath: path.path()))
      // The library is free again.
      try data.write(to: path.path())
      try FileManager.default.removeItem(at: path)
    }
  }
#endif
