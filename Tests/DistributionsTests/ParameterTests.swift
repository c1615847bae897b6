import TestSupport
import Testing

@testable import Distributions

/// What happens to invalid parameters.
@Suite struct ParameterTests {
  /// A literal is checked when the distribution is made; the message names distribution, argument
  /// and value.
  @Test func badLiteral() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Normal(0, -1.5) }
    expectTrap(result, "Normal: scale must be positive, got -1.5")
  }

  @Test func otherBadLiterals() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Normal(.init(floatLiteral: .nan), 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = HalfCauchy(0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LogNormal(0, .init(floatLiteral: .infinity))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Bernoulli(probs: 1.25)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Normal(Tensor([0, 1, 2]), Tensor([1, 2]))
      })
  }

  /// Vectors and data are checked like literal numbers; the message says which element is wrong.
  @Test func badElement() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Normal(0, [1, -1])
      })
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Normal(0, Tensor([1, 2, -0.5], dtype: .float32)) }
    expectTrap(result, "scale must be positive, got -0.5 at index 2")
  }

  /// Every parameter of every distribution: a literal that violates its constraint traps, and the
  /// message names distribution, argument, constraint and value.
  @Test(arguments: DistributionCase.all.filter(\.checksParameters))
  func everyParameter(_ subject: DistributionCase) async {
    let good = subject.draws(1)[0]
    let parameters = subject.distribution(good).parameters
    #expect(parameters.count == subject.ranges.count, "\(subject)")
    let type = "\(type(of: subject.distribution(good)))".prefix { $0 != "<" }
    for (index, parameter) in parameters.enumerated() {
      #expect(parameter.constraint.contains(parameter.value).all().scalar() == 1, "\(subject)")
      let bad = [-1.5, 1.5, 0, -2, .nan].first { !parameter.constraint.accepts($0) } ?? .nan
      let name = subject.name
      let result = await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        "\(subject): \(parameter.name) of \(bad)"
      ) { [name = name as String, index = index as Int, bad = "\(bad)" as String] in
        let subject = DistributionCase.all.first { $0.name == name }
        guard let subject else { return }
        var literals = subject.draws(1)[0].map { Tensor(floatLiteral: $0) }
        literals[index] = Tensor(floatLiteral: Double(bad) ?? .infinity)
        _ = subject.make(literals)
      }
      expectTrap(
        result, "\(type): \(parameter.name) must be \(parameter.constraint), got \(bad)")
    }
  }

  @Test func goodLiterals() {
    #expect(Bernoulli(probs: 0).batchShape == [])
    #expect(Bernoulli(probs: 1).batchShape == [])
    #expect(Normal(-1e300, 1e-300).batchShape == [])
    #expect(HalfCauchy(1e300).batchShape == [])
  }

  /// Computed parameters are not read; an invalid one shows as NaN.
  @Test func badValue() {
    let bad = Tensor([-0.5], shape: []) * 2
    let nan = Tensor([Double.nan], shape: []) * 2
    #expect(Normal(0, bad).logProb(0.5).scalar().isNaN)
    #expect(LogNormal(0, bad).logProb(0.5).scalar().isNaN)
    #expect(HalfCauchy(bad).logProb(0.5).scalar().isNaN)
    #expect(Normal(nan, 1).logProb(0.5).scalar().isNaN)
    #expect(Bernoulli(probs: 2.5 + bad).logProb(0).scalar().isNaN)
    #expect(Bernoulli(logits: nan).logProb(1).scalar().isNaN)
  }
}
