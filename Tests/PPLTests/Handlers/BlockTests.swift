import PPL
import TestSupport
import Testing

@Suite struct BlockTests {
  private static func model() {
    let scale = param("scale", 2, constraint: .positive)
    let z = sample("z", Normal(0, scale))
    deterministic("twice", 2 * z)
    plate("rows", 4, subsampleSize: 2) { _ in
      sample("x", Normal(z, 1), observed: 0.5)
    }
  }

  private static func names<Result>(_ model: () throws -> Result) throws -> [String] {
    try seeded(key: RandomKey(1)) { try trace(model) }.sites.map(\.name)
  }

  @Test func what() throws {
    #expect(try Self.names(Self.model) == ["scale", "z", "twice", "rows", "x"])
    #expect(try Self.names { block(Self.model) } == [])
    #expect(try Self.names { block(hide: ["z", "rows"], Self.model) } == ["scale", "twice", "x"])
    #expect(try Self.names { block(expose: ["z"], Self.model) } == ["z"])
    #expect(
      try Self.names { block(where: { $0.kind == .param }, Self.model) } == [
        "z", "twice", "rows", "x",
      ])
    #expect(
      try Self.names { block(where: { $0.isObserved }, Self.model) } == [
        "scale", "z", "twice", "rows",
      ])
  }

  /// Twice is once.
  @Test func idempotent() throws {
    let once = try Self.names { block(hide: ["z"], Self.model) }
    #expect(try Self.names { block(hide: ["z"]) { block(hide: ["z"], Self.model) } } == once)
  }

  /// Hidden sites are drawn with the keys they have when seen: hiding changes no number.
  @Test func keepsDraws() throws {
    let seen = try seeded(key: RandomKey(1)) { try trace(Self.model) }
    var hidden = Trace()
    _ = try seeded(key: RandomKey(1)) {
      try trace { try block { hidden = try trace(Self.model) } }
    }
    #expect(hidden.sites.map(\.name) == seen.sites.map(\.name))
    for site in seen.sites {
      #expect(hidden[site.name]?.value?.array() == site.value?.array(), "\(site.name)")
    }
  }

  /// Handlers inside still see hidden sites both ways; those outside do not.
  @Test func insideAndOutside() throws {
    let log = Journal<String>()
    seeded(key: RandomKey(1)) {
      handle(
        {
          block(hide: ["x"]) {
            handle({ _ = sample("x", Normal(0, 1)) }, with: Recorder("inner", log))
          }
        }, with: Recorder("outer", log))
    }
    #expect(log.all == ["inner > x", "inner < x"])
  }

  /// A latent variable that only the model knows is summed out by simulation, not an error.
  @Test func hidesFromInference() throws {
    let svi = try SVI(
      {
        let noise = block { sample("noise", Normal(0, 1)) }
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z + noise, 1), observed: 1)
      },
      guide: { _ = sample("z", Normal(param("loc", 0), 1)) }, optimizer: Adam(0.1))
    #expect(try svi.step().isFinite)
  }
}
