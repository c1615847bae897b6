import Testing

@Suite struct CustomBijectorTests {
  /// The standard error of skew and tail over 4000 points is below 0.03.
  @Test func results() throws {
    let run = try Tutorial(name: "custom-bijector")()
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output.hasPrefix("SinhArcsinh keeps all"))
    #expect(run.output.contains("logDet: "))
    for (name, value) in [("skew", 0.6), ("tail", 1.3)] {
      let numbers = try run.numbers(after: name)
      #expect(numbers[0] == value && abs(numbers[1] - value) < 0.1, "\(numbers)")
    }
    let densities = try run.numbers(after: "Mean log density of a point")
    #expect(densities[1] > densities[0] + 0.1, "\(densities)")
  }
}
