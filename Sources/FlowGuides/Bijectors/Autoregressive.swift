public import PPL

/// Coordinate i of the value is a transformer of coordinate i of the point, whose parameters a
/// masked network computes from the coordinates of the point that come before it (Kingma et al.
/// 2016, with any transformer).
///
/// Forwards one evaluation of the network; drawing and scoring what was drawn is fast. Backwards the
/// coordinates are found stage by stage, which uses each weight once.
public struct InverseAutoregressive: VectorLayer {
  private let transformer: any Transformer
  let network: MaskedPerceptron
  private let contextDimension: Int

  var dimension: Int { network.dependencies.dimension }
  public var domain: Constraint { transformer.domain.independent(1) }
  public var codomain: Constraint { transformer.codomain.independent(1) }
  /// Whether each coordinate depends on those before it only; with another order, flows of several
  /// layers have none.
  public var isAutoregressive: Bool { network.dependencies.areInOrder }
  public var isVolumePreserving: Bool { transformer.isVolumePreserving }
  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dependencies: which coordinates each coordinate's parameters may depend on.
  ///   - contextDimension: the length of the context vectors, 0 for a layer that follows none. They lie
  ///     along the last axis of the context; its other axes broadcast with the batch.
  ///   - name: the prefix of the parameters' names.
  public init(
    _ dependencies: Dependencies, transformer: some Transformer, network: some MaskedNetwork,
    contextDimension: Int = 0, name: String
  ) {
    self.transformer = transformer
    self.contextDimension = contextDimension
    self.network = MaskedPerceptron(
      network, dependencies, start: transformer.start, hasContext: contextDimension > 0,
      name: name)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let context = checked(x, context)
    let (y, logDet) = transformer.forwardAndLogDet(x, network(x, context))
    return (y, logDet.sum(axis: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let context = checked(y, context)
    if network.dependencies.stages.allSatisfy({ $0 == 0 }) {
      let (x, logDet) = transformer.inverseAndLogDet(y, network(y, context))
      return (x, logDet.sum(axis: -1))
    }
    return StagedSolve(network, transformer.inverseAndLogDet)(y, context)
  }

  public func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    let context = checked(x, context)
    let values = network.perceptron.values(x, context)
    let parameters = network.apart(values[values.count - 1])
    let (y, logDet) = transformer.forwardAndLogDet(x, parameters)
    let solve = StagedScore(StagedSolve(network, transformer.inverseAndLogDet))
    let slopes = ElementwiseSlopes(transformer, x, parameters)
    return (y, logDet.sum(axis: -1), solve(score: score, values: values, slopes))
  }

  /// Checks a point and its context, and returns what the layer takes of that.
  private func checked(_ x: Tensor, _ context: Tensor?) -> Tensor? {
    checkLength(of: x)
    return taken(context, contextDimension, "autoregressive layer")
  }
}

/// Coordinate i of the point is a transformer of coordinate i of the value, whose parameters a
/// masked network computes from the coordinates of the value that come before it (Papamakarios et
/// al. 2017, with any transformer): an `InverseAutoregressive` with its directions exchanged.
///
/// Backwards one evaluation of the network; scoring data is fast. Forwards the coordinates are found
/// stage by stage, which uses each weight once.
public struct MaskedAutoregressive: VectorLayer {
  let inverse: InverseAutoregressive

  var dimension: Int { inverse.dimension }
  public var domain: Constraint { inverse.codomain }
  public var codomain: Constraint { inverse.domain }
  public var isAutoregressive: Bool { inverse.isAutoregressive }
  public var isVolumePreserving: Bool { inverse.isVolumePreserving }
  public var startsNearIdentity: Bool { true }

  /// The same arguments as for `InverseAutoregressive`.
  public init(
    _ dependencies: Dependencies, transformer: some Transformer, network: some MaskedNetwork,
    contextDimension: Int = 0, name: String
  ) {
    inverse = InverseAutoregressive(
      dependencies, transformer: transformer, network: network,
      contextDimension: contextDimension, name: name)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = inverse.inverseAndLogDet(x, context: context)
    return (y, logDet)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = inverse.forwardAndLogDet(y, context: context)
    return (x, logDet)
  }
}
