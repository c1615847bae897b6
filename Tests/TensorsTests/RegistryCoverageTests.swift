import CTensorKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Nothing the engine can do may be missing from the registry.
@Suite struct RegistryCoverageTests {
  /// The operations in the graphs of all cases, their gradients, and second derivatives.
  private static let operations: [any Tensors.Operation] = {
    var roots: [Tensor] = []
    for operation in Registry.all {
      let inputs = operation.inputs()
      roots += operation(inputs)
      roots += gradient(of: operation.loss(inputs), withRespectTo: inputs)
    }
    return GraphOrder(roots.map(\.node)).nodes.map(\.operation)
  }()

  private static let names = Set(operations.map(\.name))

  @Test func `every elementwise function has a case`() {
    let missing = (UnaryOperation.all.map(\.name) + BinaryOperation.all.map(\.name))
      .filter { !Self.names.contains($0) }
    #expect(missing == [])
    #expect(UnaryOperation.all.count == Int(CTK_UNARY_COUNT))
    #expect(BinaryOperation.all.count == Int(CTK_BINARY_COUNT))
  }

  @Test func `every reduction has a case, running ones too`() {
    for kind in ReduceOperation.Kind.allCases {
      #expect(Self.names.contains("\(kind)"))
      #expect(Self.names.contains("cumulative \(kind)"))
    }
  }

  @Test func `every factorization has a case`() {
    #expect(Set(MatrixOperation.all.map(\.name)).isSubset(of: Self.names))
  }

  /// The text of all of the engine's source files.
  private static let sources: String = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/Tensors")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
      .compactMap { try? String(contentsOf: $0, encoding: .utf8) }.joined()
  }()

  @Test func `every scalar function has a case`() {
    let declared = Self.sources.matches(of: /ScalarFunction = \.init\(\s*"([^"]+)"/)
      .map { String($0.1) }
    #expect(declared.count > 20)
    #expect(declared.filter { !Self.names.contains($0) } == [])
  }

  @Test func `every class of operations has a case`() {
    let used = Set(Self.operations.map { "\(type(of: $0))" })
    // Leaves that stand for values of a trace or a body, the planner's own copies, the trap, and
    // what batches loops with results of several dtypes.
    let exempt: Set = [
      "TracedArgument", "Placeholder", "CopyOperation", "MissingDerivative", "ReinterpretOperation",
    ]
    let declared = Self.sources.matches(of: /final class (\w+): \w*Operation\b/)
      .map { String($0.1) }
    #expect(declared.count > 20)
    #expect(declared.filter { !used.contains($0) && !exempt.contains($0) } == [])
  }

  @Test func `names of cases are unique`() {
    let names = Registry.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test func `identities are unique`() {
    var known: [Int: String] = [:]
    for operation in Self.operations {
      let kind = "\(type(of: operation))"
      #expect(known[operation.identity] ?? kind == kind)
      known[operation.identity] = kind
    }
    let elementwise = UnaryOperation.all.map(\.identity) + BinaryOperation.all.map(\.identity)
    #expect(Set(elementwise).count == elementwise.count)
  }
}
