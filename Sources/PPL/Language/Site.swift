@_exported public import Distributions

/// One statement of a model as the handlers see it: a sample, a parameter, a computed value.
public struct Site: Sendable {
  /// What the statement is.
  public enum Kind: Sendable {
    /// A random variable, or an observation of one.
    case sample
    /// A value that inference optimises.
    case param
    /// A named value computed from others.
    case deterministic
    /// A term added to the log density.
    case factor
    /// The rows that a plate takes of its whole.
    case plate
    /// A value carried from step to step without a gradient.
    case mutable
    /// The value that a mutable one has from the next step on.
    case assignment
  }

  /// A plate a site stands in: `count` independent copies along batch axis `axis` (negative), which
  /// stand for the `size` copies of the whole.
  public struct Plate: Sendable, Equatable {
    public let name: String
    public let size: Int
    public let axis: Int
    public let count: Int

    public init(name: String, size: Int, axis: Int, count: Int) {
      self.name = name
      self.size = size
      self.axis = axis
      self.count = count
    }

    /// How many copies of the whole each of these stands for.
    public var scale: Double { Double(size) / Double(count) }
  }

  /// A pass of a sequential plate that a site stands in.
  public struct Iteration: Sendable, Hashable {
    public let plate: String
    public let index: Int

    public init(plate: String, index: Int) {
      self.plate = plate
      self.index = index
    }
  }

  /// What a parameter site, or a mutable one, declares. One object, because sites are copied at
  /// every statement of a model.
  public final class Declaration: Sendable {
    /// The range of the parameter.
    public let constraint: Constraint
    /// How many inner axes belong to one copy, where the outer ones are those of plates.
    public let eventRank: Int?
    /// Makes the initial value, when the parameter is first met.
    public let initialValue: @Sendable (RandomKey) -> Tensor
    /// Whether it is a change to what would be there without it, which is none at zero.
    let isChange: Bool

    init(
      _ constraint: Constraint, eventRank: Int?, isChange: Bool = false,
      _ initialValue: @escaping @Sendable (RandomKey) -> Tensor
    ) {
      self.constraint = constraint
      self.eventRank = eventRank
      self.isChange = isChange
      self.initialValue = initialValue
    }
  }

  /// A step of a Markov chain that a site stands in.
  struct Step: Sendable, Equatable {
    let chain: MarkovChain
    let index: Int
  }

  /// What few sites have: one object, because sites are copied at every statement of a model.
  private final class Rare: Sendable {
    struct Fields {
      var infer = InferConfig()
      var iterations: [Iteration] = []
      var steps: [Step] = []
      var enumeration: Enumeration?
      var wantsScore = false
      var score: Tensor?
      var tensorScales: [Tensor] = []
    }
    let fields: Fields

    init(_ fields: Fields) { self.fields = fields }
  }

  /// How a site whose values are summed over got its value.
  enum Enumeration: Sendable {
    /// The value stands for any of these, which lie along a new first axis.
    case parallel(support: Tensor)
    /// The value is one of those that are taken one after the other.
    case sequential
  }

  public internal(set) var kind: Kind
  public internal(set) var name: String
  /// The distribution of a sample site.
  public var distribution: (any Distribution)?
  /// The value: observed, replayed, drawn or computed.
  public var value: Tensor?
  /// The log density of the value, where it was computed together with it.
  public var logProb: Tensor?
  public var isObserved: Bool
  /// The factor by which the log density counts, of `scaled(by:)` with a number and of plates.
  public var scale: Double = 1
  /// The plates it stands in, innermost first.
  public var plates: [Plate] = []
  /// The key for drawing the value.
  public var key: RandomKey?
  /// The dtype of draws whose distribution has none.
  public var dtype: DType {
    get { givenDType ?? .float64 }
    set { givenDType = newValue }
  }
  /// The dtype, if a handler has set it.
  var givenDType: DType?
  /// What a parameter site declares.
  public var declaration: Declaration?
  /// How inference is to treat it.
  public var infer: InferConfig {
    get { rare?.fields.infer ?? InferConfig() }
    set { setRare { $0.infer = newValue } }
  }
  /// The passes of sequential plates that it stands in, innermost first.
  public internal(set) var iterations: [Iteration] {
    get { rare?.fields.iterations ?? [] }
    set { setRare { $0.iterations = newValue } }
  }
  /// The steps of Markov chains that it stands in, innermost first.
  var steps: [Step] {
    get { rare?.fields.steps ?? [] }
    set { setRare { $0.steps = newValue } }
  }
  /// Set where its values are summed over.
  var enumeration: Enumeration? {
    get { rare?.fields.enumeration }
    set { setRare { $0.enumeration = newValue } }
  }
  /// Whether the derivative of the log density with respect to the draw is to be computed with it.
  var wantsScore: Bool {
    @inline(__always) get { rare?.fields.wantsScore ?? false }
    set { setRare { $0.wantsScore = newValue } }
  }
  /// That derivative, with all parameters held fixed.
  var score: Tensor? {
    get { rare?.fields.score }
    set { setRare { $0.score = newValue } }
  }
  /// Numbers that the log density is multiplied by, besides `scale`.
  var tensorScales: [Tensor] {
    get { rare?.fields.tensorScales ?? [] }
    set { setRare { $0.tensorScales = newValue } }
  }
  private var rare: Rare?
  /// Set by a handler to keep the site from the handlers outside it.
  public var isHidden = false

  init(_ kind: Kind, _ name: String, isObserved: Bool = false) {
    self.kind = kind
    self.name = name
    self.isObserved = isObserved
  }

  private mutating func setRare(_ change: (inout Rare.Fields) -> Void) {
    var fields = rare?.fields ?? Rare.Fields()
    change(&fields)
    rare = Rare(fields)
  }

  /// Whether statements of the same name are one and the same site.
  var mayRepeat: Bool { kind == .param || kind == .plate || kind == .mutable }
  /// Whether it is a random variable that inference has to find.
  var isLatent: Bool { kind == .sample && !isObserved }
  /// Whether it reads or sets a value carried from step to step.
  var isMutable: Bool { kind == .mutable || kind == .assignment }

  /// The batch shape that the plates prescribe.
  var plateShape: Shape {
    let rank = plates.map { -$0.axis }.max() ?? 0
    var shape = Shape(repeating: 1, count: rank)
    for plate in plates { shape[rank + plate.axis] = plate.count }
    return shape
  }

  /// The shape of a draw, batch and event.
  var drawShape: Shape? { distribution.map { $0.batchShape + $0.eventShape } }

  /// The log density, or that which was computed with the value.
  public func computedLogProb() -> Tensor {
    if let logProb { return logProb }
    guard let value else { return 0 }
    switch kind {
    case .factor: return value
    case .sample: return distribution?.logProb(value) ?? 0
    case .param, .deterministic, .plate, .mutable, .assignment: return 0
    }
  }

  /// Whether the gradient of a draw is that of its log density, and the draw a constant: where draws
  /// are not reparameterised, or it was asked for.
  @inline(__always)
  var usesScoreFunction: Bool {
    rare?.fields.infer.usesScoreFunction == true || distribution?.isReparameterized == false
  }

  /// Makes the value a constant, whose log density is that of a given point.
  mutating func detach() {
    value = value.map(stopGradient)
    logProb = nil
  }

  /// The log density spread over batch and plates, without the scale. Nil where it is zero by
  /// construction.
  func fullLogProb() -> Tensor? {
    let logProb = computedLogProb()
    return logProb.literalScalar == 0 ? nil : spread(logProb)
  }

  /// A value per draw, spread over batch and plates.
  func spread(_ tensor: Tensor) -> Tensor {
    var full = tensor.shape.broadcast(with: plateShape) ?? tensor.shape
    if let batch = distribution?.batchShape, let wider = full.broadcast(with: batch) {
      full = wider
    }
    return tensor.broadcast(to: full)
  }

  /// The sum of the log density over the batch, times the scale: the site's term in an objective.
  /// Nil where it is zero by construction.
  func logProbSum() -> Tensor? { fullLogProb().map { scaled($0.sum()) } }

  /// A part of the log density, times what it counts for.
  func scaled(_ part: Tensor, by factor: Double = 1) -> Tensor {
    let weight = factor * scale
    let product = weight == 1 ? part : part * weight
    return rare?.fields.tensorScales.reduce(product, *) ?? product
  }

  /// Whether it counts as often as another.
  func hasScale(of other: Site) -> Bool {
    let (own, others) = (tensorScales, other.tensorScales)
    return scale == other.scale && own.count == others.count
      && zip(own, others).allSatisfy { $0.node === $1.node }
  }
}
