public import PPL

/// A recipe for the distribution that a flow starts from, independent of the dimension.
public struct FlowBase: Sendable {
  private let make: @Sendable (_ dimension: Int, _ context: Tensor?) -> any Distribution

  /// - Parameter make: a distribution of vectors of a dimension, or of that many numbers. What it is
  ///   to learn are parameter sites. The context, if there is one, has its batch in front.
  public init(
    _ make: @escaping @Sendable (_ dimension: Int, _ context: Tensor?) -> any Distribution
  ) {
    self.make = make
  }

  func callAsFunction(_ dimension: Int, _ context: Tensor?) -> any Distribution {
    make(dimension, context)
  }

  /// Independent standard normal coordinates.
  public static let normal = FlowBase { dimension, _ in
    Normal(0, 1).expanded(to: [dimension]).toEvent(1)
  }

  /// Independent coordinates of Student's t distribution, each with degrees of freedom that are
  /// learned: for data with heavy tails, which a flow that goes on as the identity far out passes on.
  ///
  /// - Parameter degrees: the degrees of freedom to start with.
  public static func studentT(degrees: Double = 10) -> FlowBase {
    precondition(degrees > 0, "FlowBase.studentT: degrees must be positive, got \(degrees)")
    return FlowBase { dimension, _ in
      StudentT(
        param(
          "base.degrees", Tensor.full([dimension], degrees), constraint: .positive)
      ).toEvent(1)
    }
  }

  /// Independent coordinates, uniform between two numbers: for flows of an interval onto itself, such
  /// as those of angles.
  public static func uniform(_ low: Double, _ high: Double) -> FlowBase {
    precondition(low < high, "FlowBase.uniform: from \(low) to \(high)")
    return FlowBase { dimension, _ in
      Uniform(Tensor(floatLiteral: low), Tensor(floatLiteral: high))
        .expanded(to: [dimension]).toEvent(1)
    }
  }

  /// A normal distribution with a few principal directions (Tipping & Bishop 1999): loc + W ε + σ η
  /// with a learned dimension × count matrix W, for data that lie near a plane. It starts near standard
  /// normal.
  public static func principalComponents(_ count: Int) -> FlowBase {
    precondition(
      count > 0, "FlowBase.principalComponents: count must be positive, got \(count)")
    return FlowBase { dimension, _ in
      let variance = param("base.variance", Tensor(1), constraint: .positive)
      return LowRankMultivariateNormal(
        param("base.loc", Tensor.zeros([dimension])),
        param("base.factor") { 0.1 * $0.normal([dimension, count]) },
        variance.broadcast(to: [dimension]))
    }
  }

  /// Independent normal coordinates whose means and deviations a network computes from the context;
  /// it starts near standard normal. Without hidden layers, in the context of classes written as zeros
  /// and a one, each class has a mean and a deviation of its own.
  ///
  /// - Parameter hidden: the widths of the network's hidden layers.
  public static func conditionalNormal(
    hidden: [Int] = [64, 64], activation: Activation = .elu
  ) -> FlowBase {
    FlowBase { dimension, context in
      guard let context else {
        preconditionFailure(
          """
          FlowBase.conditionalNormal: the flow has no context; give it a contextDimension, and use \
          it conditioned(on:) some
          """)
      }
      let start = [Double](repeating: 0, count: 2 * dimension)
      let outputs = MLP(hidden: hidden, activation: activation)(
        context, context: nil, start: start, name: "base")
      let halves = outputs.split([dimension, dimension], along: -1)
      return Normal(halves[0], exp(halves[1])).toEvent(1)
    }
  }
}
