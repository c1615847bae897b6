import FlowGuides
import Testing

@Suite struct BijectorLawTests {
  @Test(arguments: FlowBijectorCase.all) func laws(_ subject: FlowBijectorCase) throws {
    try checkLaws(
      of: subject.bijector, event: subject.event, context: subject.context,
      tolerance: subject.tolerance, draws: subject.draws, spread: subject.spread)
  }
}
