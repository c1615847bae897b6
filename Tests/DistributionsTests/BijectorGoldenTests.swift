import Distributions
import TestSupport
import Testing

/// Values and log determinants made with 60 digits from the definitions.
@Suite struct BijectorGoldenTests {
  private struct Case: Decodable {
    let name: String
    let x: [Double]
    let y: [Double]
    let logDet: Double
  }

  private static let bijectors: [String: any Bijector] = [
    "StickBreaking": StickBreaking(),
    "Ordered": Ordered(),
    "PositiveOrdered": Constraint.positiveOrdered.bijector,
    "LowerCholesky": LowerCholesky(),
    "SoftplusLowerCholesky": SoftplusLowerCholesky(),
    "ScaledUnitLowerCholesky": ScaledUnitLowerCholesky(),
    "PositiveDefinite": Constraint.positiveDefinite.bijector,
    "CorrelationCholesky": CorrelationCholesky(),
    "Correlation": Constraint.correlation.bijector,
    "Stereographic": Stereographic(),
    "ZeroSum": ZeroSum(),
    "L1Ball": L1Ball(),
    "Haar": Haar(),
    "DiscreteCosine": DiscreteCosine(),
    "SimplexToOrdered": SimplexToOrdered(anchor: 0.4),
    "Sigmoid": Sigmoid(),
    "Softplus": Softplus(),
    "Tanh": Tanh(),
    "ELU": ELU(),
  ]

  @Test func values() throws {
    let cases = try Golden.load("bijectors/bijectors.json", as: [Case].self)
    #expect(Set(cases.map(\.name)) == Set(Self.bijectors.keys))
    for golden in cases {
      let bijector = try #require(Self.bijectors[golden.name])
      var x = Tensor(golden.x)
      if golden.name == "SimplexToOrdered" { x = StickBreaking().forward(x) }
      let (y, logDet) = bijector.forwardAndLogDet(x, context: nil)
      let what = "\(golden.name) at \(golden.x)"
      expectClose(y.array(), golden.y, within: .relative(1e-13, absolute: 1e-15), what)
      expectClose(
        [logDet.sum().scalar()], [golden.logDet], within: .relative(1e-13, absolute: 1e-13), what)
    }
  }
}
