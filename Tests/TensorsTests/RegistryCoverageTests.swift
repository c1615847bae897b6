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
    #expect(missing.isEmpty)
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

  /// Classes of the engine's sources that conform to an operation protocol.
  @Test func `every class of operations has a case`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources/Tensors")
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    let used = Set(Self.operations.map { "\(type(of: $0))" })
    // Leaves that stand for values of a trace or a body, the planner's own copies, and the trap.
    let exempt: Set = ["TracedArgument", "Placeholder", "CopyOperation", "MissingDerivative"]
    var found = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /final class (\w+): \w*Operation\b/) {
        found += 1
        let name = String(match.1)
        #expect(used.contains(name) || exempt.contains(name), "\(name) has no case")
      }
    }
    #expect(found > 20)
  }

  @Test func `names of cases are unique`() {
    let names = Registry.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test func `identities are unique`() {
    var known: [Int: String] = [:]
    for operation in Self.operations {
      let kind = "\(type(of: operation)) \(operation.name)"
      if let other = known[operation.identity], "\(type(of: operation))" == "\(other.split(separator: " ")[0])" {
        continue
      }
      #expect(known[operation.identity] == nil, "\(kind)")
      known[operation.identity] = kind
    }
    let elementwise = UnaryOperation.all.map(\.identity) + BinaryOperation.all.map(\.identity)
    #expect(Set(elementwise).count == elementwise.count)
  }
}
