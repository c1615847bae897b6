import Testing

@testable import PPL

/// Fits that lose their way go back.
@Suite struct RecoveryTests {
  /// A state that can be told from others by its number.
  private static func state(_ number: Double) throws -> SVI.State {
    try SVI(
      { _ = sample("z", Normal(0, 1)) },
      guide: { sample("z", Normal(param("loc", Tensor(floatLiteral: number)), 1)) },
      optimizer: Adam()
    ).state
  }

  private static func number(_ state: SVI.State?) -> Double? {
    state.map { $0.parameters.packed.scalar() }
  }

  /// Stretches of losses with a middle half of width 0.96 around these levels, each ended at the state
  /// of its number, counted from 1. The first begins at state 0.
  private static func returns(_ levels: [Double]) throws -> [Double?] {
    var recovery = Recovery(from: try state(0))
    return try levels.enumerated().map { number, level in
      let losses = (0..<50).map { level + Double($0) / 25 - 1 }
      return Self.number(try recovery.review(losses[...], endedAt: state(Double(number + 1))))
    }
  }

  /// It goes back to where the lowest stretch began, not to where it ended.
  @Test func stretches() throws {
    #expect(try Self.returns([30, 20, 19, 20.9, 20]) == [nil, nil, nil, nil, nil])
    #expect(try Self.returns([30, 20, 19, 22, 20]) == [nil, nil, nil, 2, nil])
    #expect(try Self.returns([30, 20, 33]) == [nil, nil, 1])
    #expect(try Self.returns([20, 30, 30, 19, 30]) == [nil, 0, 0, nil, 0])
    #expect(try Self.returns([.nan, 20, .infinity, 18]) == [nil, nil, 1, nil])
    // After a return, a lower stretch begins at the state that it went back to.
    #expect(try Self.returns([30, 20, 40, 19, 40]) == [nil, nil, 1, nil, 1])
  }

  /// After a return, the steps are those of a fit that comes to this step with the earlier state,
  /// model code or plan.
  @Test(arguments: [false, true]) func goesOnFromThere(_ reads: Bool) throws {
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Normal(0, 1))
          if reads { _ = z.scalar() }
          sample("x", Normal(z, 0.5), observed: 3)
        },
        guide: {
          sample("z", Normal(param("loc", 0), param("scale", 1, constraint: .positive)))
        }, optimizer: Adam(.exponential(0.1, decay: 0.99)), seed: 4)
    }
    let svi = try make()
    let first = svi.state
    let review = Review(every: 10) { _, losses in
      losses.count == 10 ? .goesBack(to: first) : .goesOn
    }
    let fit = try svi.run(steps: 25, showsProgress: false, estimate: "ELBO", review: review)
    let other = try make()
    (other.stepsTaken, other.updatesMade) = (10, 10)
    let rest = try other.run(steps: 15, showsProgress: false)
    #expect(fit.losses.count == 25 && Array(fit.losses.suffix(15)) == rest.losses)
    #expect(svi.parameters.packed.array() == other.parameters.packed.array())
    #expect(fit.warnings == [.returned(times: 1)])
  }

  /// A model that falls apart after 300 steps: `fit` goes back to the best stretch before, whenever
  /// it meets the next 50.
  @Test func fitGoesBack() throws {
    let model = {
      let count = mutable("count", 0)
      assign("count", count + 1)
      factor("cliff", `where`(count .< 300, Tensor(0), -100))
      sample("x", Normal(sample("z", Normal(0, 1)), 0.5), observed: 3)
    }
    let fit = try fit(model, steps: 1000, showsProgress: false)
    #expect(fit.losses.count == 1000)
    guard case .returned(let times)? = fit.warnings.first else {
      Issue.record("\(fit.warnings)")
      return
    }
    #expect(times > 1)
    #expect(fit.losses.count { $0 > 90 } == 50 * times)
    #expect(try fit.summary()["z"].map { abs($0.mean - 2.4) < 0.05 } == true)
  }
}
