public import PPL

/// A fully connected network of gated linear units, h ← (V h + b) ⊙ σ(G h + c) (Dauphin et al. 2017),
/// with the context among the inputs: gates let through what the coordinates and the context ask for.
public struct GatedMLP: ConditionerNetwork {
  private let hidden: [Int]

  /// - Parameter hidden: the widths of the hidden layers.
  public init(hidden: [Int]) {
    precondition(
      hidden.allSatisfy { $0 > 0 }, "GatedMLP: widths must be positive, got \(hidden)")
    self.hidden = hidden
  }

  public func callAsFunction(
    _ x: Tensor, context: Tensor?, start: [Double], name: String
  ) -> Tensor {
    var value = x
    if let context {
      let points = x.spread(over: context)
      value = concat([points, context.spread(over: points)], along: -1)
    }
    for (layer, width) in hidden.enumerated() {
      let zeros = [Double](repeating: 0, count: width)
      value =
        affine(value, "\(name).value\(layer)", zeros)
        * sigmoid(affine(value, "\(name).gate\(layer)", zeros))
    }
    return affine(value, "\(name).output", start, isLast: true)
  }

  private func affine(
    _ x: Tensor, _ name: String, _ start: [Double], isLast: Bool = false
  ) -> Tensor {
    let bias = param("\(name).bias", Tensor(start))
    let inputs = x.shape[x.rank - 1]
    guard inputs > 0 else { return bias }
    return vectorProduct(x, layerWeight("\(name).weight", [inputs, start.count], isLast: isLast))
      + bias
  }
}
