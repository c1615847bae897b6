import Foundation
import Models
import TestSupport
import Testing

@testable import PPL
@testable import Tensors

/// Hidden Markov chains against the forward algorithm in plain loops.
@Suite struct HiddenMarkovTests {
  /// A chain with weights of transitions, levels and a log scale.
  struct Chain {
    let stateCount: Int
    let data: [Double]
    var parameters: [Double]

    init(_ stateCount: Int, _ length: Int, seed: Int = 1) {
      var generator = SeededGenerator(seed: seed)
      self.stateCount = stateCount
      data = generator.uniform(length, in: -3...3)
      parameters =
        generator.uniform(stateCount * stateCount, in: 0.1...2)
        + generator.uniform(stateCount, in: -3...3) + [0.2]
    }

    /// log p(data), by the recursion of Rabiner (1989) in logarithms.
    func forward(_ parameters: [Double], lengths: Int? = nil) -> Double {
      let count = stateCount
      let rows = (0..<count).map { row -> [Double] in
        let weights = parameters[row * count..<(row + 1) * count]
        return weights.map { log($0 / weights.reduce(0, +)) }
      }
      let locs = parameters[count * count..<count * count + count]
      let scale = exp(parameters[count * count + count])
      var message = [Double](repeating: -.infinity, count: count)
      message[0] = 0
      for x in data.prefix(lengths ?? data.count) {
        message = (0..<count).map { next in
          logSumExp((0..<count).map { message[$0] + rows[$0][next] })
            + normalLogDensity(x, locs[locs.startIndex + next], scale)
        }
      }
      return logSumExp(message)
    }

    func model(_ parameters: Tensor) {
      let hmm = HiddenMarkov(
        data: Tensor(data, dtype: parameters.dtype), stateCount: stateCount)
      let (transition, locs, scale) = split(parameters)
      hmm.chain(transition: transition, locs: locs, scale: scale)
    }

    func split(_ parameters: Tensor) -> (transition: Tensor, locs: Tensor, scale: Tensor) {
      let square = stateCount * stateCount
      return (
        parameters.slice(0..<square).reshaped(to: [stateCount, stateCount]),
        parameters.slice(square..<square + stateCount), exp(parameters[square + stateCount])
      )
    }

    /// The derivative along a direction.
    func slope(_ direction: [Double]) -> Double {
      PPLTests.slope(1e-2) { step in
        forward(zip(parameters, direction).map { $0 + step * $1 })
      }
    }
  }

  /// - Parameter fixed: how many parameters the derivative is not taken by.
  private static func expectForward(
    _ chain: Chain, _ elbo: Tensor, _ parameters: Tensor, fixed: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectClose(
      [elbo.scalar()], [chain.forward(chain.parameters)], within: .relative(1e-12),
      sourceLocation: sourceLocation)
    var generator = SeededGenerator(seed: 9)
    var direction = generator.signed(chain.parameters.count, magnitude: 0.03...0.1)
    for index in 0..<fixed { direction[index] = 0 }
    let gradient = gradient(of: elbo, withRespectTo: parameters).array()
    expectClose(
      [zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }], [chain.slope(direction)],
      within: .relative(1e-9, absolute: 1e-9), sourceLocation: sourceLocation)
  }

  @Test(arguments: [(1, 6), (2, 1), (2, 2), (3, 5), (3, 6), (4, 30), (8, 1000)])
  func forward(_ size: (states: Int, steps: Int)) throws {
    let chain = Chain(size.states, size.steps)
    let parameters = Tensor(chain.parameters)
    Self.expectForward(chain, try enumeratedELBO { chain.model(parameters) }, parameters)
  }

  /// Without `markov` the same sum, one step after the other.
  @Test func unrolled() throws {
    let chain = Chain(4, 30)
    let parameters = Tensor(chain.parameters)
    let elbo = try enumeratedELBO {
      let (transition, locs, scale) = chain.split(parameters)
      var state = Tensor(0)
      for (step, x) in chain.data.enumerated() {
        state = sample("z\(step)", Categorical(probs: transition[state]), infer: .enumerate())
          .cast(to: .int64)
        sample("x\(step)", Normal(locs[state], scale), observed: Tensor(x))
      }
    }
    Self.expectForward(chain, elbo, parameters)
  }

  /// In float32, which the loop keeps.
  @Test func singlePrecision() throws {
    let chain = Chain(8, 200)
    let parameters = Tensor(chain.parameters, dtype: .float32)
    let elbo = try enumeratedELBO { chain.model(parameters) }
    #expect(elbo.dtype == .float32)
    expectClose([elbo.scalar()], [chain.forward(chain.parameters)], within: .relative(1e-5))
  }

  /// Through a run of SVI: the loss at the first step.
  @Test func planned() throws {
    let chain = Chain(3, 40)
    let svi = try SVI(
      { chain.model(param("p", Tensor(chain.parameters))) }, guide: {},
      optimizer: PlainDescent(rate: 1e-3), loss: TraceEnumELBO())
    let fit = try svi.run(steps: 3, showsProgress: false)
    expectClose([fit.losses[0]], [-chain.forward(chain.parameters)], within: .relative(1e-12))
    #expect(fit.losses[2] < fit.losses[0])
  }

  // MARK: Zeros

  /// From left to right: transitions that do not exist, states that cannot be reached. The gradient
  /// is finite, and right by all that is possible.
  @Test(arguments: [4, 12]) func impossibleTransitions(_ steps: Int) throws {
    let count = 4
    var chain = Chain(count, steps)
    for row in 0..<count {
      for column in 0..<count where column != row && column != row + 1 {
        chain.parameters[row * count + column] = 0
      }
    }
    let parameters = Tensor(chain.parameters)
    let elbo = try enumeratedELBO { chain.model(parameters) }
    expectClose([elbo.scalar()], [chain.forward(chain.parameters)], within: .relative(1e-12))
    let gradient = gradient(of: elbo, withRespectTo: parameters).array()
    for (index, value) in gradient.enumerated() {
      guard chain.parameters[index] != 0 else {
        #expect(value.isFinite, "\(index)")
        continue
      }
      var direction = chain.parameters.map { _ in 0.0 }
      direction[index] = 0.05
      expectClose(
        [0.05 * value], [chain.slope(direction)], within: .relative(1e-8, absolute: 1e-10),
        "\(index)")
    }
  }

  /// Data that no state can have made.
  @Test func impossibleData() throws {
    let rates = Tensor([0.5, 0.5], shape: [2])
    let elbo = try enumeratedELBO {
      markov(0..<8) { step in
        let state = sample("z\(step)", Bernoulli(probs: 0.3), infer: .enumerate())
        sample("x\(step)", Uniform(0, 1 + state), observed: step == 5 ? 3 : 0.5)
      }
    }
    #expect(elbo.scalar() == -.infinity)
    #expect(!gradient(of: elbo, withRespectTo: rates).array().contains { $0.isNaN })
  }

  /// Paths that are a thousand nats less likely count as exactly as they should.
  @Test func extremeRatios() throws {
    var chain = Chain(3, 20)
    chain.parameters = [
      0.5, 0.5, 1e-300, 1e-300, 1, 1e-300, 1e-12, 1e-300, 1, -3, 0, 3, -4.5,
    ]
    let parameters = Tensor(chain.parameters)
    let elbo = try enumeratedELBO { chain.model(parameters) }
    Self.expectForward(chain, elbo, parameters, fixed: 9)
  }

  // MARK: Variants

  /// Sequences of their own lengths in a plate, by masks.
  @Test func lengths() throws {
    let chain = Chain(3, 12)
    let lengths = [12, 7, 3, 9]
    let parameters = Tensor(chain.parameters)
    let elbo = try enumeratedELBO {
      let (transition, locs, scale) = chain.split(parameters)
      plate("sequences", lengths.count) {
        var state = Tensor(0)
        markov(0..<12) { step in
          masked(Tensor(lengths.map { step < $0 })) {
            state = sample(
              "z\(step)", Categorical(probs: transition[state]), infer: .enumerate()
            ).cast(to: .int64)
            sample("x\(step)", Normal(locs[state], scale), observed: Tensor(chain.data[step]))
          }
        }
      }
    }
    let exact = lengths.reduce(0) { $0 + chain.forward(chain.parameters, lengths: $1) }
    expectClose([elbo.scalar()], [exact], within: .relative(1e-12))
    var generator = SeededGenerator(seed: 3)
    let direction = generator.signed(chain.parameters.count, magnitude: 0.03...0.1)
    let gradient = gradient(of: elbo, withRespectTo: parameters).array()
    let expected = slope(1e-2) { step in
      let moved = zip(chain.parameters, direction).map { $0 + step * $1 }
      return lengths.reduce(0) { $0 + chain.forward(moved, lengths: $1) }
    }
    expectClose(
      [zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }], [expected],
      within: .relative(1e-9))
  }

  /// Steps of different structure are summed one by one.
  @Test func missingData() throws {
    let chain = Chain(3, 12)
    let parameters = Tensor(chain.parameters)
    let missing: Set = [0, 4, 5, 11]
    let elbo = try enumeratedELBO {
      let (transition, locs, scale) = chain.split(parameters)
      var state = Tensor(0)
      markov(0..<12) { step in
        state = sample("z\(step)", Categorical(probs: transition[state]), infer: .enumerate())
          .cast(to: .int64)
        guard !missing.contains(step) else { return }
        sample("x\(step)", Normal(locs[state], scale), observed: Tensor(chain.data[step]))
      }
    }
    let masked = try enumeratedELBO {
      let (transition, locs, scale) = chain.split(parameters)
      var state = Tensor(0)
      markov(0..<12) { step in
        state = sample("z\(step)", Categorical(probs: transition[state]), infer: .enumerate())
          .cast(to: .int64)
        let isKnown = Tensor([!missing.contains(step)], shape: [])
        sample(
          "x\(step)", Normal(locs[state], scale).mask(isKnown), observed: Tensor(chain.data[step]))
      }
    }
    expectClose([elbo.scalar()], [masked.scalar()], within: .relative(1e-13))
  }

  /// The states are summed out for each draw of the guide; the bound is below the evidence.
  @Test func withGuide() throws {
    var generator = SeededGenerator(seed: 1)
    let data = (0..<40).map { Double($0 / 10 % 2) * 3 + 0.3 * generator.uniform(1, in: -1...1)[0] }
    let hmm = HiddenMarkov(data: Tensor(data), stateCount: 2)
    let svi = try SVI(
      hmm.model, DiagonalNormalGuide(), optimizer: Adam(0.02), loss: TraceEnumELBO(particles: 4))
    let fit = try svi.run(steps: 1200, showsProgress: false)
    let draws = try fit.samplePosterior(200)
    let locs = try #require(draws.first { $0.name == "locs" }).draws.mean(axis: 0).array().sorted()
    expectClose(locs, [0, 3], within: .relative(0, absolute: 0.2))
    // Of the states, drawn from their posterior, all four stretches are found.
    let states = try #require(draws.first { $0.name == "state_15" }).draws
    let others = try #require(draws.first { $0.name == "state_5" }).draws
    #expect((states .== others).cast(to: .float64).mean().scalar() == 0)
  }

  // MARK: Cost

  /// All elements of all nodes of a sum of chains, a measure of the work.
  private static func work(_ states: Int, _ steps: Int, isMarked: Bool) throws -> Int {
    let chain = Chain(states, steps)
    let (transition, locs, scale) = chain.split(Tensor(chain.parameters))
    let elbo = try enumeratedELBO {
      var state = Tensor(0)
      func step(_ step: Int) {
        state = sample("z\(step)", Categorical(probs: transition[state]), infer: .enumerate())
          .cast(to: .int64)
        sample("x\(step)", Normal(locs[state], scale), observed: Tensor(chain.data[step]))
      }
      if isMarked { markov(0..<steps, step) } else { (0..<steps).forEach(step) }
    }
    return GraphOrder([elbo.node]).nodes.reduce(0) { $0 + $1.shape.elementCount }
  }

  /// Linear in the steps, quadratic in the states.
  @Test(arguments: [true, false]) func cost(_ isMarked: Bool) throws {
    let steps = try [20, 40, 80].map { try Self.work(4, $0, isMarked: isMarked) }
    #expect(steps[2] - steps[1] == 2 * (steps[1] - steps[0]))
    let states = try [4, 8, 16, 32].map { states in
      try Self.work(states, 40, isMarked: isMarked) - Self.work(states, 20, isMarked: isMarked)
    }
    // A polynomial of degree two in the states has third differences of 0; here the states double.
    let ratio = Double(states[3]) / Double(states[2])
    #expect(ratio < 4.1, "\(states)")
  }
}
