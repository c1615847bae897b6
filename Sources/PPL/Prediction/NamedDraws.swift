public import Tensors

extension [(name: String, draws: Tensor)] {
  /// The draws of a site; nil if there is none of that name.
  public subscript(name: String) -> Tensor? { first { $0.name == name }?.draws }
}
