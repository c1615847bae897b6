/// Independent distributions of numbers or of vectors, side by side in one vector.
///
/// log p(x) = Σₖ log pₖ(xₖ), xₖ being the part of distribution k
///
///     Joint([Uniform(-1, 1), Gamma(2, 1), Dirichlet([1, 1, 1])])    // vectors of 5 numbers
public struct Joint: Distribution {
  public let parts: [any Distribution]
  public let batchShape: Shape
  private let lengths: [Int]

  /// - Parameter parts: their batches broadcast.
  public init(_ parts: [any Distribution]) {
    precondition(!parts.isEmpty, "Joint: no distributions")
    for part in parts where part.eventShape.rank > 1 {
      preconditionFailure(
        """
        Joint: \(type(of: part)) is of events of shape \(part.eventShape); numbers or vectors \
        expected
        """)
    }
    let shape = Distributions.batchShape(
      of: "Joint",
      parts.enumerated().map { ("part \($0)", Tensor.zeros($1.batchShape)) })
    self.init(parts.map { $0.batchShape == shape ? $0 : $0.expanded(to: shape) }, shape)
  }

  private init(_ parts: [any Distribution], _ batchShape: Shape) {
    self.parts = parts
    self.batchShape = batchShape
    lengths = parts.map(\.eventShape.elementCount)
  }

  public var eventShape: Shape { [lengths.reduce(0, +)] }
  public var support: Constraint {
    let sets = parts.map { part in
      part.eventShape.isEmpty
        ? part.support.ofElements(batchRank: batchShape.rank) : part.support
    }
    return .cat(sets, lengths: lengths)
  }
  public var isReparameterized: Bool { parts.allSatisfy(\.isReparameterized) }
  public var parameters: [Parameter] {
    parts.enumerated().flatMap { index, part in
      part.parameters.map { Parameter("\($0.name) of part \(index)", $0.value, $0.constraint) }
    }
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "Joint")
    return joined(
      zip(parts, value.split(lengths)).map { part, own in
        part.logProb(part.eventShape.isEmpty ? own.squeezing(at: -1) : own)
      })
  }

  /// The sum of the parts' log densities. Where one is impossible the others count for nothing.
  private func joined(_ terms: [Tensor]) -> Tensor {
    let isImpossible = terms.map { $0 .== logZero }.reduce(Tensor(false), .||)
    let isBroken = terms.map { isNaN($0) }.reduce(Tensor(false), .||)
    let sum = terms.dropFirst().reduce(terms[0], +)
    return overBatch(`where`(isImpossible .&& .!isBroken, logZero, sum))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    concat(draws(key, dtype) { $0.sample(shape, key: $1, dtype: $2) }, along: -1)
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    var terms: [Tensor] = []
    let values = draws(key, dtype) { part, key, dtype in
      let (value, logProb) = part.sampleAndLogProb(shape, key: key, dtype: dtype)
      terms.append(logProb)
      return value
    }
    return (concat(values, along: -1), joined(terms))
  }

  /// A draw of each part, as a vector.
  private func draws(
    _ key: RandomKey, _ dtype: DType,
    _ draw: (_ part: any Distribution, RandomKey, DType) -> Tensor
  ) -> [Tensor] {
    let dtype = drawDType(parameters.map(\.value), dtype)
    return zip(parts, key.split(parts.count)).map { part, key in
      let value = draw(part, key, dtype)
      return part.eventShape.isEmpty ? value.expandingDims(at: -1) : value
    }
  }

  public func expanded(to batchShape: Shape) -> Joint {
    Joint(parts.map { $0.expanded(to: batchShape) }, batchShape)
  }
}
