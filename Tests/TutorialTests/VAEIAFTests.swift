import Testing

@Suite struct VAEIAFTests {
  /// The bound grows with the number of draws, and a flow's is the better one.
  @Test func results() throws {
    let run = try Tutorial(name: "vae-iaf")()
    #expect(run.status == 0 && run.errors.isEmpty)
    let (normal, flow) = (try run.numbers(after: "normal"), try run.numbers(after: "IAF"))
    for row in [normal, flow] {
      #expect(row[2] > 0 && row[0] > -32, "\(row)")
    }
    #expect(flow[0] > normal[0] - 0.3, "\(normal) \(flow)")
    #expect(flow[2] < normal[2] + 0.2, "\(normal) \(flow)")
  }
}
