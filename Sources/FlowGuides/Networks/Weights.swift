internal import PPL

/// The weights of a layer, inputs × outputs, as a parameter site. They start uniform within one over
/// the root of the number of inputs; in the last layer of a network within a hundredth of that, so
/// that its outputs start near the bias, or at it.
func layerWeight(_ name: String, _ shape: Shape, isLast: Bool) -> Tensor {
  let bound = 1 / Double(shape[0]).squareRoot()
  guard isLast else { return param(name) { bound * (2 * $0.uniform(shape) - 1) } }
  return change(name) { 0.01 * bound * (2 * $0.uniform(shape) - 1) }
}
