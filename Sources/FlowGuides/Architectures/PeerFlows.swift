import PPL

// Flows of other libraries, layer by layer as these make them, so that what was learned there can be
// loaded: Tests/Golden/make_flow_weights.py writes the parameters of a flow of theirs to a file, for
// `NormalizingFlow.loading(_:dtype:)`. Zuko's take contexts, the others have none.
//
// Layers of splines are computed in double precision also where parameters and points are single: the
// rounding of a network or of the edges of bins, narrow as these may be, would move log densities by
// some millionths of them.

extension FlowArchitecture {
  /// Zuko's `MAF(features, transforms=layers, hidden_features=hidden)`.
  public static func zukoMAF(layers: Int = 3, hidden: [Int] = [64, 64]) -> FlowArchitecture {
    zuko(layers, hidden, AffineTransformer(.softClamped))
  }

  /// Zuko's `NSF(features, bins=bins, transforms=layers, hidden_features=hidden)`.
  public static func zukoNSF(
    layers: Int = 3, bins: Int = 8, hidden: [Int] = [64, 64]
  ) -> FlowArchitecture {
    let spline = RationalQuadraticSpline(bins: bins, bound: 5, form: .softClamped)
    return zuko(layers, hidden, spline).inDouble.confined
  }

  /// Pyro's `AffineAutoregressive(AutoRegressiveNN(dimension, hidden))`.
  public static func pyroAffineAutoregressive(hidden: [Int]) -> FlowArchitecture {
    unconditional("pyroAffineAutoregressive") { dimension in
      [
        InverseAutoregressive(
          .sequence(dimension), transformer: AffineTransformer(.logScale),
          network: MADE(hidden: hidden, activation: .relu), name: "flow0")
      ]
    }
  }

  /// nflows' `PiecewiseRationalQuadraticCouplingTransform` with linear tails, some times over: the
  /// first transforms the second half of the coordinates, the next the first half. Conditioners are
  /// its `MLP(…, hidden, activation=relu)`.
  public static func nflowsSplineCoupling(
    layers: Int, bins: Int = 10, bound: Double = 1, hidden: [Int]
  ) -> FlowArchitecture {
    nflows(layers, bins, bound, MLP(hidden: hidden, activation: .relu))
  }

  /// The same with nflows' `ResidualNet(…, width, num_blocks=blocks, activation=relu)` as conditioners.
  public static func nflowsSplineCoupling(
    layers: Int, bins: Int = 10, bound: Double = 1, width: Int, blocks: Int = 2
  ) -> FlowArchitecture {
    nflows(layers, bins, bound, NFlowsResidualNet(width: width, blocks: blocks))
  }

  private static func nflows(
    _ layers: Int, _ bins: Int, _ bound: Double, _ network: some ConditionerNetwork
  ) -> FlowArchitecture {
    unconditional("nflowsSplineCoupling") { dimension in
      (0..<layers).map { index in
        let half = CouplingMask.half(dimension)
        return Coupling(
          index % 2 == 0 ? half : half.complement,
          transformer: RationalQuadraticSpline(bins: bins, bound: bound), network: network,
          name: "flow\(index)")
      }
    }.inverse.inDouble.confined
  }

  /// Layers without a place for a context in their weights.
  private static func unconditional(
    _ name: StaticString, _ layers: @escaping @Sendable (_ dimension: Int) -> [any Bijector]
  ) -> FlowArchitecture {
    FlowArchitecture { dimension, context in
      precondition(
        context == 0,
        """
        \(name): a flow of the other library without a context, built for one of \(context) numbers; \
        use .maf, .nsf or .naf, which take one
        """)
      return layers(dimension)
    }
  }

  private var inDouble: FlowArchitecture { mapped { $0.map { InDouble(base: $0) } } }

  /// Zuko's first transform is next to the data, and every other one goes in reverse order.
  private static func zuko(
    _ layers: Int, _ hidden: [Int], _ transformer: some Transformer
  ) -> FlowArchitecture {
    FlowArchitecture { dimension, context in
      (0..<layers).reversed().map { index in
        let order = Array(0..<dimension)
        return MaskedAutoregressive(
          .order(index % 2 == 0 ? order : order.reversed()), transformer: transformer,
          network: MADE(hidden: hidden, activation: .relu, unitKinds: .equal),
          contextDimension: context, name: "flow\(index)")
      }
    }
  }
}

/// A network of residual blocks with no activation before the outputs.
private struct NFlowsResidualNet: ConditionerNetwork {
  let width: Int
  let blocks: Int

  func callAsFunction(
    _ x: Tensor, context: Tensor?, start: [Double], name: String
  ) -> Tensor {
    Perceptron(
      HiddenLayer.residual(width, blocks), .relu, inputs: x.shape[x.rank - 1], start: start,
      name: name, activatesLast: false)(x, context)
  }
}

/// A layer computed in double precision, whatever that of its points and parameters is.
private struct InDouble: BijectorWrapper {
  let base: any Bijector

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = Self.exactly {
      base.forwardAndLogDet(x.cast(to: .float64), context: context?.cast(to: .float64))
    }
    return (y.cast(to: x.dtype), logDet.cast(to: x.dtype))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = Self.exactly {
      base.inverseAndLogDet(y.cast(to: .float64), context: context?.cast(to: .float64))
    }
    return (x.cast(to: y.dtype), logDet.cast(to: y.dtype))
  }

  func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    let (y, logDet, slope) = Self.exactly {
      base.forwardWithScore(
        x.cast(to: .float64), score: score.cast(to: .float64), context: context?.cast(to: .float64))
    }
    return (y.cast(to: x.dtype), logDet.cast(to: x.dtype), slope.cast(to: x.dtype))
  }

  private static func exactly<Result>(_ body: () -> Result) -> Result {
    handle(body, with: DoubleParameters())
  }

  private struct DoubleParameters: Handler {
    func postprocess(_ site: inout Site) {
      if site.kind == .param { site.value = site.value?.cast(to: .float64) }
    }
  }
}
