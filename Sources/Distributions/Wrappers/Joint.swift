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
  public var support: Constraint { .cat(parts.map(\.support), lengths: lengths) }
  public var isReparameterized: Bool { parts.allSatisfy(\.isReparameterized) }
  public var parameters: [Parameter] { parts.flatMap(\.parameters) }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "Joint")
    let terms = zip(parts, value.split(lengths)).map { part, own in
      part.logProb(part.eventShape.isEmpty ? own.squeezing(at: -1) : own)
    }
    let density = terms.dropFirst().reduce(terms[0], +)
    // Where one part is impossible the others count for nothing.
    return overBatch(`where`(density .== logZero, logZero, density))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    let draws = zip(parts, key.split(parts.count)).map { part, key in
      let draw = part.sample(shape, key: key, dtype: dtype)
      return part.eventShape.isEmpty ? draw.expandingDims(at: -1) : draw
    }
    return concat(draws, along: -1)
  }

  public func expanded(to batchShape: Shape) -> Joint {
    Joint(parts.map { $0.expanded(to: batchShape) }, batchShape)
  }
}
