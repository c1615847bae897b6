import TestSupport
import Testing

@testable import Tensors

/// One use of the engine on which laws are checked: derivatives, batching, dtypes, plans, threads.
///
/// A test walks the graphs of all cases and fails if an operation of the engine occurs in none.
struct OperationCase: Sendable, CustomTestStringConvertible {
  let name: String
  let samples: [Sample]
  /// How often it can be differentiated; 0 where the derivative is zero by definition.
  var order = 2
  let function: @Sendable ([Tensor]) -> [Tensor]

  init(
    _ name: String, _ samples: Sample..., order: Int = 2,
    function: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    self.init(name, samples, order: order, function: function)
  }

  init(
    _ name: String, _ samples: [Sample], order: Int = 2,
    function: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    self.name = name
    self.samples = samples
    self.order = order
    self.function = function
  }

  var testDescription: String { name }

  /// Inputs in the domain of the function; each seed gives others.
  func inputs(seed: Int = 1, dtype: DType = .float64) -> [Tensor] {
    var generator = SeededGenerator(seed: seed)
    return samples.map { $0.tensor(&generator, dtype) }
  }

  func callAsFunction(_ inputs: [Tensor]) -> [Tensor] { function(inputs) }

  /// The sum of all floating-point outputs, each element with a weight of its own.
  func loss(_ inputs: [Tensor]) -> Tensor {
    let terms = function(inputs).filter(\.dtype.isFloat).map { output -> Tensor in
      let weights = (0..<output.count).map { 0.5 + 0.25 * Double($0 % 7) }
      return (output * Tensor(weights, shape: output.shape, dtype: output.dtype)).sum()
    }
    return terms.isEmpty ? Tensor(0.0) : terms.dropFirst().reduce(terms[0], +)
  }
}

/// Where an input is drawn from.
struct Sample: Sendable {
  enum Domain: Sendable {
    case interval(ClosedRange<Double>)
    /// Of either sign.
    case magnitude(ClosedRange<Double>)
    /// At least 0.05 apart from each other and from the integers' halves, in no order.
    case distinct
    /// An integer and a fraction between 0.1 and 0.4.
    case fractions
    case integers(Range<Int>)
    case mask
  }

  let shape: Shape
  let domain: Domain

  static func real(_ shape: Shape, _ interval: ClosedRange<Double> = -2...2) -> Sample {
    Sample(shape: shape, domain: .interval(interval))
  }

  static func signed(_ shape: Shape, _ magnitude: ClosedRange<Double> = 0.3...2) -> Sample {
    Sample(shape: shape, domain: .magnitude(magnitude))
  }

  static func distinct(_ shape: Shape) -> Sample { Sample(shape: shape, domain: .distinct) }
  static func fractions(_ shape: Shape) -> Sample { Sample(shape: shape, domain: .fractions) }
  static func mask(_ shape: Shape) -> Sample { Sample(shape: shape, domain: .mask) }

  static func integers(_ shape: Shape, _ range: Range<Int>) -> Sample {
    Sample(shape: shape, domain: .integers(range))
  }

  func tensor(_ generator: inout SeededGenerator, _ dtype: DType) -> Tensor {
    let count = shape.elementCount
    switch domain {
    case .interval(let interval):
      return Tensor(generator.uniform(count, in: interval), shape: shape, dtype: dtype)
    case .magnitude(let magnitude):
      return Tensor(generator.signed(count, magnitude: magnitude), shape: shape, dtype: dtype)
    case .distinct:
      let steps = (0..<count).shuffled(using: &generator).map { Double($0 - count / 2) }
      let elements = steps.map { 0.17 * $0 + 0.08 + Double.random(in: 0...0.02, using: &generator) }
      return Tensor(elements, shape: shape, dtype: dtype)
    case .fractions:
      let elements = (0..<count).map { _ in
        Double(generator.below(7) - 3) + Double.random(in: 0.1...0.4, using: &generator)
      }
      return Tensor(elements, shape: shape, dtype: dtype)
    case .integers(let range):
      let elements = (0..<count).map { _ in range.lowerBound + generator.below(range.count) }
      return Tensor(elements, shape: shape)
    case .mask:
      return Tensor((0..<count).map { _ in generator.chance(0.5) }, shape: shape)
    }
  }
}

enum Registry {
  static let all: [OperationCase] =
    unary + special + binary + comparisons + reductions + views + joining + products
    + factorizations
    + indexing + ordering + cumulative + counts + loops + others

  static let differentiable = all.filter { $0.order > 0 }
}
