import PPL

/// What follows the affine part of a hidden layer.
public enum Activation: Sendable {
  case tanh
  case relu
  case elu
  case softplus

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .tanh: Tensors.tanh(x)
    case .relu: Tensors.relu(x)
    case .elu: Tensors.elu(x)
    case .softplus: Tensors.softplus(x)
    }
  }
}
