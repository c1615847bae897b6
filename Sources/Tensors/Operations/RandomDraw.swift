internal import CTensorKernels

/// Draws by rejection from a key's stream, whose parameters are tensors.
///
/// Element i tries until it accepts, with bits that are a function of the key, i and the attempt alone.
/// The first input is a key, or one key per element of the outermost axes of the result; the
/// parameters broadcast to the result.
final class RandomDraw: Operation {
  typealias Derivative =
    @Sendable (_ ct: Cotangent, _ parameters: [Tensor], _ y: Tensor) -> [Cotangent?]

  let name: String
  private let kind: Int
  private let derivative: Derivative?

  /// - Parameter derivative: the cotangents of the parameters; nil where draws are whole numbers.
  private init(_ name: String, _ kind: Int, _ derivative: Derivative? = nil) {
    self.name = name
    self.kind = kind
    self.derivative = derivative
  }

  static let gamma = RandomDraw("random gamma", CTK_DRAW_GAMMA) { ct, x, y in
    [ct * gammaDrawSlope(x[0], y)]
  }
  static let logGamma = RandomDraw("random log gamma", CTK_DRAW_LOG_GAMMA) { ct, x, y in
    [ct * logGammaDrawSlope(x[0], y)]
  }
  static let poisson = RandomDraw("random poisson", CTK_DRAW_POISSON)
  static let binomial = RandomDraw("random binomial", CTK_DRAW_BINOMIAL)
  static let vonMises = RandomDraw("random von Mises", CTK_DRAW_VON_MISES) { ct, x, y in
    [ct * MissingDerivative.of("random von Mises", by: "concentration", like: y)]
  }
  static let all = [gamma, logGamma, poisson, binomial, vonMises]

  var identity: Int { -5101 - kind }

  func kernel(_ dtype: DType) -> ctk_fn? { ctk_draw(Int32(kind), dtype.kernelCode) }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let parameters = Array(inputs.dropFirst())
    let slopes = derivative?(cotangent, parameters, result) ?? parameters.map { _ in nil }
    // A gradient of the shape of the draws; the sum over what was broadcast is ours to take.
    return [nil]
      + zip(slopes, parameters).map { slope, parameter in
        slope.map { $0.summed(from: result.shape, to: parameter.shape) }
      }
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let key = inputs[0]
    let keys = isBatched[0] ? key : key.broadcast(to: [size] + key.shape)
    let parameters = alignBatch(
      Array(inputs.dropFirst()), Array(isBatched.dropFirst()), original.shape.rank)
    return draw(keys, parameters, [size] + original.shape, original.dtype)
  }

  /// - Parameters:
  ///   - shape: of the result; the parameters must broadcast to it.
  ///   - dtype: taken by parameters that are literals.
  func callAsFunction(
    _ key: RandomKey, _ parameters: [Tensor], _ shape: Shape?, _ dtype: DType
  ) -> Tensor {
    var common = Shape()
    for parameter in parameters {
      guard let wider = common.broadcast(with: parameter.shape) else {
        preconditionFailure(
          "\(name): shapes \(parameters.map(\.shape)) do not broadcast together")
      }
      common = wider
    }
    let shape = shape ?? common
    precondition(
      common.broadcasts(to: shape),
      "\(name): parameters of shape \(common) do not broadcast to \(shape)")
    let floats = parameters.filter { $0.dtype.isFloat && !$0.isLiteral }.map(\.dtype)
    let result = floats.contains(.float64) ? .float64 : floats.first ?? dtype
    return draw(key.tensor, parameters.map { $0.operand(as: result) }, shape, result)
  }

  private func draw(
    _ key: Tensor, _ parameters: [Tensor], _ shape: Shape, _ dtype: DType
  ) -> Tensor {
    Tensor(
      Node(
        self, key.node, parameters[0].node, parameters.count > 1 ? parameters[1].node : nil,
        shape: shape, dtype: dtype))
  }
}

extension RandomKey {
  /// Draws of gamma distributions of rate 1 and the given concentrations α: density xᵅ⁻¹ e⁻ˣ / Γ(α).
  ///
  /// By Marsaglia and Tsang (2000). A draw below the least normal number is given as that number; see
  /// `logGamma`. The derivative by α is that of a draw at fixed probability (implicit
  /// reparameterisation). NaN where α is not positive and finite.
  ///
  /// - Parameters:
  ///   - shape: of the result, by default that of α; α broadcasts to it.
  ///   - dtype: of the result, where α is a literal.
  public func gamma(_ concentration: Tensor, _ shape: Shape? = nil, dtype: DType = .float64)
    -> Tensor
  {
    RandomDraw.gamma(self, [concentration], shape, dtype)
  }

  /// The logarithms of the draws `gamma` gives, also of those too small for a number: for α = 0.001
  /// most are below −300.
  public func logGamma(_ concentration: Tensor, _ shape: Shape? = nil, dtype: DType = .float64)
    -> Tensor
  {
    RandomDraw.logGamma(self, [concentration], shape, dtype)
  }

  /// Draws of Poisson distributions of the given rates λ ≥ 0: probability λᵏ e⁻λ / k!.
  ///
  /// By inversion below a rate of 10, else by Hörmann's transformed rejection (1993). Whole numbers
  /// in a floating-point dtype, which rounds those it cannot represent. NaN for an invalid rate.
  public func poisson(_ rate: Tensor, _ shape: Shape? = nil, dtype: DType = .float64) -> Tensor {
    RandomDraw.poisson(self, [rate], shape, dtype)
  }

  /// How many of `count` independent trials succeed, each with probability `probs`.
  ///
  /// By inversion below a mean of 10, else by Hörmann's transformed rejection (1993). NaN for
  /// invalid parameters.
  public func binomial(
    _ count: Tensor, _ probs: Tensor, _ shape: Shape? = nil, dtype: DType = .float64
  ) -> Tensor {
    RandomDraw.binomial(self, [count, probs], shape, dtype)
  }

  /// Angles in [−π, π] around 0 of density exp(κ cos x) / (2π I₀(κ)), for concentrations 0 ≤ κ < 10¹⁵⁰.
  ///
  /// By Best and Fisher (1979), arranged to be exact for tiny and huge κ too. NaN for an invalid κ.
  public func vonMises(_ concentration: Tensor, _ shape: Shape? = nil, dtype: DType = .float64)
    -> Tensor
  {
    RandomDraw.vonMises(self, [concentration], shape, dtype)
  }
}
