@testable import Tensors

extension Registry {
  static let special: [OperationCase] = []
}
