internal import PPL

extension FlowArchitecture {
  /// The flow of a fully connected network's velocity field (Grathwohl et al. 2019).
  ///
  /// - Parameters:
  ///   - hidden: the widths of the network's hidden layers.
  ///   - trace: exact, or an estimate in many dimensions.
  ///   - tolerance: of the solver, for a step.
  public static func ffjord(
    hidden: [Int] = [64, 64], activation: Activation = .tanh, trace: TraceMethod = .exact,
    tolerance: Double = 1e-6
  ) -> FlowArchitecture {
    FlowArchitecture { dimension, context in
      let field = NetworkField(
        dimension: dimension, hidden: hidden, activation: activation, name: "flow",
        context: network(context))
      return [ContinuousFlow(field, trace: trace, tolerance: tolerance)]
    }
  }

  /// The flow down a learned potential, whose divergence is known in closed form (Onken et al.
  /// 2021).
  ///
  /// - Parameters:
  ///   - width: of the potential's network.
  ///   - tolerance: of the solver, for a step.
  public static func otFlow(width: Int = 32, tolerance: Double = 1e-6) -> FlowArchitecture {
    FlowArchitecture { dimension, context in
      let field = PotentialField(
        dimension: dimension, width: width, name: "flow", context: network(context))
      return [ContinuousFlow(field, tolerance: tolerance)]
    }
  }
}
