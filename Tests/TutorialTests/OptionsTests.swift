import Testing

/// What all tutorials do with their arguments.
@Suite struct OptionsTests {
  @Test(arguments: ["getting-started", "handlers", "baseball", "regression", "mixture", "hmm"])
  func helpAndErrors(_ name: String) throws {
    let tutorial = Tutorial(name: name)
    let help = try tutorial("--help")
    #expect(help.status == 0 && help.errors.isEmpty)
    #expect(help.output.hasPrefix("Usage: \(name) [--steps N] [--seed N]"))
    let unknown = try tutorial("--steps", "5", "--color")
    #expect(unknown.status == 2 && unknown.output.isEmpty)
    #expect(unknown.errors.hasPrefix("\(name): --color: unknown option; use --steps, --seed"))
  }

  @Test func filesNeedNames() throws {
    let run = try Tutorial(name: "regression")("--checkpoint")
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(run.errors.contains("--checkpoint: expected the name of a file; for example"))
  }
}
