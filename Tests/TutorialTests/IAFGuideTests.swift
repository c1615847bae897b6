import Testing

@Suite struct IAFGuideTests {
  /// The log evidence is 0: no ELBO may lie above it, and flows come nearer to it than normals do.
  @Test func results() throws {
    let run = try Tutorial(name: "iaf-guide")()
    #expect(run.status == 0 && run.errors.isEmpty)
    let rows = try ["diagonal", "full-rank", "IAF", "NSF"].map { try run.numbers(after: $0) }
    for row in rows { #expect(row[0] < 5 * row[1], "\(row)") }
    let (best, normals) = (max(rows[2][0], rows[3][0]), max(rows[0][0], rows[1][0]))
    #expect(best > -0.1 && best > normals + 0.3, "\(rows)")
    #expect(min(rows[2][2], rows[3][2]) < 0.7, "\(rows)")
    #expect(abs(rows[2][3] - 1.5) < 0.2 && rows[0][3] < 1.2, "\(rows)")
  }
}
