import PPL
import TestSupport

/// A rule under a name.
struct OptimizerSubject: Sendable, CustomStringConvertible {
  let description: String
  let optimizer: any Optimizer

  init(_ name: String, _ optimizer: some Optimizer) {
    description = name
    self.optimizer = optimizer
  }

  /// One for each path in optimizers.json.
  static let goldens = [
    OptimizerSubject("Adam", Adam(0.01)),
    OptimizerSubject(
      "Adam, other betas", Adam(0.3, beta1: 0.5, beta2: 0.9, epsilon: 1e-3)),
    OptimizerSubject(
      "Adam, no momentum", Adam(0.02, beta1: 0, beta2: 0.5, epsilon: 1e-10)),
    OptimizerSubject("Adam, exponential", Adam(.exponential(0.05, decay: 0.8))),
    OptimizerSubject("Adam, cosine", Adam(.cosine(0.05, steps: 24))),
    OptimizerSubject("ClippedAdam", ClippedAdam(0.1)),
    OptimizerSubject(
      "ClippedAdam, decay",
      ClippedAdam(0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-4, clipNorm: 2.5, decay: 0.9)),
    OptimizerSubject(
      "ClippedAdam, weight decay",
      ClippedAdam(0.05, beta2: 0.95, weightDecay: 0.3, clipNorm: 7, decay: 0.97)),
    OptimizerSubject("SGD", SGD(0.001)),
    OptimizerSubject("SGD, momentum", SGD(0.02, momentum: 0.7)),
    OptimizerSubject("SGD, Nesterov", SGD(0.01, momentum: 0.9, nesterov: true)),
    OptimizerSubject("AdamW", AdamW(0.02)),
    OptimizerSubject(
      "AdamW, strong decay",
      AdamW(0.1, beta1: 0.7, beta2: 0.95, epsilon: 1e-5, weightDecay: 0.4)),
    OptimizerSubject(
      "AdamW, step", AdamW(.step(0.2, every: 5, decay: 0.5), weightDecay: 0.1)),
    OptimizerSubject("RMSProp", RMSProp(0.01)),
    OptimizerSubject(
      "RMSProp, momentum", RMSProp(0.02, alpha: 0.9, epsilon: 1e-5, momentum: 0.6)),
    OptimizerSubject(
      "RMSProp, centred", RMSProp(0.03, alpha: 0.8, epsilon: 1e-4, centered: true)),
    OptimizerSubject(
      "RMSProp, centred, momentum",
      RMSProp(0.01, alpha: 0.95, epsilon: 1e-3, momentum: 0.9, centered: true)),
    OptimizerSubject("Adagrad", Adagrad(0.1)),
    OptimizerSubject(
      "Adagrad, accumulator", Adagrad(0.5, initialAccumulator: 2.5, epsilon: 1e-3)),
    OptimizerSubject("AdagradRMSProp", AdagradRMSProp()),
    OptimizerSubject("AdagradRMSProp, other", AdagradRMSProp(0.3, delta: 0.05, t: 0.4)),
    OptimizerSubject("Adam, clipped norm", Adam(0.05).clipped(norm: 10)),
    OptimizerSubject("SGD, clipped norm", SGD(0.1, momentum: 0.5).clipped(norm: 2)),
    OptimizerSubject("SGD, clipped value", SGD(0.1).clipped(value: 1.5)),
    OptimizerSubject("Adam, clipped relative norm", Adam(0.05).clipped(relativeNorm: 1.25)),
    OptimizerSubject(
      "SGD, clipped relative norm", SGD(0.001, momentum: 0.5).clipped(relativeNorm: 2)),
    OptimizerSubject("SGD, averaged", SGD(0.01, momentum: 0.7).averaged(from: 6)),
    OptimizerSubject("groups", groups),
  ]

  /// The elements 0 and 2 by Adam, 1 by descent with momentum; 3 stays as it is.
  private static var groups: some Optimizer {
    let parameters = ["a.x", "b", "a.y", "fixed"].enumerated().map {
      ParameterRange(name: $1, range: $0..<$0 + 1)
    }
    return Resolved(
      base: PerParameter(
        ["b": SGD(0.001, momentum: 0.8), "a*": Adam(0.03), "*": Adagrad(0)], default: SGD(1)
      ).resolved(for: parameters))
  }

  /// Every rule, with rates that suit a bowl of curvatures between 0.4 and 4.
  static let minimisers = [
    OptimizerSubject("SGD", SGD(0.2)),
    OptimizerSubject("SGD, momentum", SGD(0.1, momentum: 0.8)),
    OptimizerSubject("SGD, Nesterov", SGD(0.1, momentum: 0.9, nesterov: true)),
    OptimizerSubject("Adam", Adam(.cosine(0.2, steps: 300))),
    OptimizerSubject("AdamW", AdamW(.cosine(0.2, steps: 300), weightDecay: 1e-5)),
    OptimizerSubject("ClippedAdam", ClippedAdam(0.3, clipNorm: 1, decay: 0.98)),
    OptimizerSubject("RMSProp", RMSProp(.cosine(0.1, steps: 300), alpha: 0.9)),
    OptimizerSubject(
      "RMSProp, centred",
      RMSProp(
        .cosine(0.02, steps: 300), alpha: 0.9, epsilon: 1e-2, momentum: 0.5, centered: true)),
    OptimizerSubject("Adagrad", Adagrad(1)),
    OptimizerSubject("AdagradRMSProp", AdagradRMSProp(2)),
    OptimizerSubject("clipped norm", SGD(0.2).clipped(norm: 1)),
    OptimizerSubject("clipped value", SGD(0.2).clipped(value: 0.5)),
    OptimizerSubject("clipped relative norm", SGD(0.2).clipped(relativeNorm: 1.5)),
    OptimizerSubject("averaged", SGD(0.2).averaged(from: 200)),
    OptimizerSubject(
      "per parameter", PerParameter(["*c*": SGD(0.3), "a": Adagrad(1)], default: SGD(0.2))),
  ]
}

/// A rule that was told its parameters, as a generic argument.
private struct Resolved: Optimizer {
  let base: any Optimizer

  func initialState(_ parameters: Tensor) -> [Tensor] { base.initialState(parameters) }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    base.update(parameters, gradient, state, step: step)
  }
}

extension Optimizer {
  /// What a fit would report after each of some steps along gradients that depend on the parameters.
  func path(
    from start: Tensor, steps: Int, _ gradient: (Int, Tensor) -> Tensor
  ) -> [Tensor] {
    var parameters = start
    var state = initialState(start)
    return (0..<steps).map { index in
      let step = Tensor([Double(index)], shape: [], dtype: start.dtype)
      (parameters, state) = update(parameters, gradient(index, parameters), state, step: step)
      let result = result(parameters, state)
      eval([parameters, result] + state)
      return result
    }
  }

  /// What a fit would report after each of some steps along given gradients.
  func path(
    from start: [Double], _ gradients: [[Double]], dtype: DType = .float64
  ) -> [Tensor] {
    path(from: Tensor(start, dtype: dtype), steps: gradients.count) { index, _ in
      Tensor(gradients[index], dtype: dtype)
    }
  }
}
