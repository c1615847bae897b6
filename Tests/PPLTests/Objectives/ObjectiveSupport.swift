import PPL
import TestSupport
import Testing

/// Adds up the gradients of many steps, and their squares, in a parameter of its own; leaves the
/// other parameters as they are.
struct GradientMeter: Optimizer {
  /// Declares that parameter; to be called first in a guide.
  ///
  /// - Parameter count: the number of all other parameters.
  static func declare(_ count: Int) { param("meter", Tensor.zeros([2 * count])) }

  func initialState(_ parameters: Tensor) -> [Tensor] { [] }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let count = parameters.count / 3
    let own = gradient.slice(2 * count..<3 * count)
    let added = concat([own, square(own), Tensor.zeros([count])])
    return (parameters + added, [])
  }
}

/// What many steps at the same parameters say about an objective and its gradient.
struct ObjectiveSample {
  /// A mean with its standard error.
  struct Mean {
    let mean: Double
    let error: Double

    init(sum: Double, squares: Double, count: Int) {
      let mean = sum / Double(count)
      self.mean = mean
      error = (max(squares / Double(count) - mean * mean, 0) / Double(count)).squareRoot()
    }
  }

  let loss: Mean
  let gradients: [String: [Mean]]

  /// - Parameter guide: its first statement declares the meter.
  init(
    _ objective: any Objective, _ model: @escaping () -> Void, guide: @escaping () -> Void,
    steps: Int, seed: Int = 3
  ) throws {
    let svi = try SVI(model, guide: guide, optimizer: GradientMeter(), loss: objective, seed: seed)
    let losses = try svi.run(steps: steps, showsProgress: false).losses
    loss = Mean(
      sum: losses.reduce(0, +), squares: losses.reduce(0) { $0 + $1 * $1 }, count: steps)
    let packed = svi.parameters.packed.array()
    let count = packed.count / 3
    gradients = Dictionary(
      uniqueKeysWithValues: svi.parameters.entries.dropFirst().map { entry in
        let means = entry.range.map { position in
          Mean(
            sum: packed[position - 2 * count], squares: packed[position - count], count: steps)
        }
        return (entry.name, means)
      })
  }

  /// Checks that loss and gradients are those of an objective's negative, to five standard errors:
  /// a single comparison fails for one seed in 1.7 million, and a mean that is wrong by ten
  /// standard errors passes for one in as many.
  ///
  /// - Parameters:
  ///   - names: of the parameters that the expected gradient is about, in its order.
  ///   - copies: how many copies of the model there are.
  func expect(
    _ exact: ObjectiveGoldens.Exact, _ names: [String], copies: Double = 1, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let means = [loss] + names.flatMap { gradients[$0] ?? [] }
    let expected = ([exact.value] + exact.gradient).map { -copies * $0 }
    guard means.count == expected.count else {
      Issue.record("\(what): \(means.count) means", sourceLocation: sourceLocation)
      return
    }
    for (index, (mean, expected)) in zip(means, expected).enumerated() {
      let difference = (mean.mean - expected).magnitude
      // What does not vary is exact but for rounding and the golden's own error.
      #expect(
        difference < 5 * mean.error + 1e-8,
        "\(what), \(index): \(mean.mean) ± \(mean.error) instead of \(expected)",
        sourceLocation: sourceLocation)
    }
  }
}

/// Keeps a draw in a mutable value "drawn …" for tests to see; a model that reads it is run in
/// another way.
func keep(_ name: String, _ draw: Tensor) {
  let shape = draw.shape
  _ = mutable("drawn \(name)", Tensor.zeros(shape))
  assign("drawn \(name)", draw)
}

extension SVI {
  /// The draw that the last step kept.
  func drawn(_ name: String) -> [Double] { parameters.mutable("drawn \(name)")?.array() ?? [] }
}

/// Exact values and gradients of objectives.
struct ObjectiveGoldens: Decodable {
  struct Exact: Decodable {
    let value: Double
    let gradient: [Double]
  }

  struct Case: Decodable {
    let data: [Double]?
    let mask: [Double]?
    let scale: Double?
    let point: [Double]
    let elbo: Exact
    let iwae: Exact?
    let renyi: Exact?
    let wake: Exact?
  }

  let global: Case
  let local: Case
  let discreteFirst: Case
  let discreteLast: Case
  let coupled: Case
  let gammaPoisson: Case
  let betaBernoulli: Case

  static func load() throws -> ObjectiveGoldens {
    try Golden.load("objectives.json", as: ObjectiveGoldens.self)
  }
}

extension Tensor {
  /// A scalar with a dtype, not a literal.
  init(scalar value: Double) { self.init([value], shape: []) }
}
