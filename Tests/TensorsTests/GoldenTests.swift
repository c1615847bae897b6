import TestSupport
import Testing

@testable import Tensors

/// Values of NumPy and SciPy, at signed zeros, denormals, infinities and NaN too.
@Suite struct GoldenTests {
  @Test(arguments: GoldenCase.all)
  func `agree with NumPy and SciPy`(_ golden: GoldenCase) throws {
    let function = try #require(GoldenFunctions.byName[golden.name])
    let outputs = function(golden.inputs.map(\.tensor))
    try #require(outputs.count == golden.outputs.count)
    for (number, (output, expected)) in zip(outputs, golden.outputs).enumerated() {
      expectClose(
        output, expected.elements, shape: expected.shape, within: golden.limit,
        "\(golden.name), output \(number)")
    }
  }

  @Test(arguments: GoldenCase.all.filter(\.isFunctionOfOneNumber))
  func `float32 agrees as far as it goes`(_ golden: GoldenCase) throws {
    let function = try #require(GoldenFunctions.byName[golden.name])
    // Numbers that a float32 holds, away from the ends of its range.
    let input = golden.inputs[0]
    let kept = input.elements.indices.filter { index in
      let (x, y) = (input.elements[index], golden.outputs[0].elements[index])
      return Double(Float(x)) == x && (y == 0 || y.magnitude > 1e-30) && y.magnitude < 1e30
    }
    let output = function([Tensor(kept.map { Float(input.elements[$0]) })])[0]
    #expect(output.dtype == .float32)
    let limit = Tolerance.ulps(golden.tolerance < -4 ? 32 : 4)
    expectClose(output, kept.map { golden.outputs[0].elements[$0] }, within: limit, golden.name)
  }

  @Test func `every function has golden values`() {
    #expect(Set(GoldenCase.all.map(\.name)) == Set(GoldenFunctions.byName.keys))
    let missing = UnaryOperation.all.map(\.name).filter { GoldenFunctions.byName[$0] == nil }
    #expect(missing == [])
  }
}

/// Inputs and outputs of one function.
struct GoldenCase: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  /// Relative; 0 for the same bits, negative for units in the last place.
  let tolerance: Double
  let inputs: [GoldenArray]
  let outputs: [GoldenArray]

  private enum CodingKeys: String, CodingKey {
    case name, tolerance
    case inputs = "in"
    case outputs = "out"
  }

  var testDescription: String { name }

  var limit: Tolerance {
    tolerance == 0
      ? .ulps(0) : tolerance < 0 ? .ulps(-tolerance) : .relative(tolerance, absolute: tolerance)
  }

  var isFunctionOfOneNumber: Bool {
    inputs.count == 1 && outputs.count == 1 && outputs[0].shape == inputs[0].shape
      && inputs[0].dtype == .float64
  }

  static let all: [GoldenCase] = GoldenFile.shared?.cases ?? []
}

struct GoldenFile: Decodable, Sendable {
  struct Printed: Decodable, Sendable, CustomTestStringConvertible {
    let value: GoldenArray
    let text: String
    var testDescription: String { "\(value.dtype) \(value.shape) \(text.prefix { $0 != "\n" })" }
  }

  let cases: [GoldenCase]
  let printing: [Printed]

  static let shared = try? Golden.load("tensors.json", as: GoldenFile.self)
}

/// An array as it stands in the file.
struct GoldenArray: Decodable, Sendable {
  let dtype: DType
  let shape: Shape
  let elements: [Double]

  private enum CodingKeys: String, CodingKey {
    case dtype = "d"
    case shape = "s"
    case elements = "v"
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let name = try container.decode(String.self, forKey: .dtype)
    let shape = Shape(try container.decode([Int].self, forKey: .shape))
    let numbers = try container.decodeIfPresent([Golden.Number].self, forKey: .elements)
    dtype = DType.allCases.first { $0.description == name } ?? .float64
    elements = numbers?.map(\.value) ?? (0..<shape.elementCount).map(Double.init)
    self.shape = shape
  }

  var tensor: Tensor { Tensor(elements, shape: shape, dtype: dtype) }
}
