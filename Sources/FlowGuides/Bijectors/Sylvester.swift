public import PPL

/// Where the orthonormal columns of a Sylvester layer come from (van den Berg et al. 2018).
public enum SylvesterForm: Sendable {
  /// The first factor of a learned matrix's QR decomposition, with so many columns.
  case orthogonal(columns: Int)
  /// A product of so many learned reflections.
  case householder(reflections: Int)
  /// The identity, or the order of the elements reversed: a stack of layers alternates.
  case triangular(isReversed: Bool)
}

/// x ↦ x + Q R tanh(R̃ Qᵀx + b) with orthonormal columns Q and upper triangular R and R̃ (van den
/// Berg et al. 2018); log det Σ log(1 + (1 − tanh²)ᵢ Rᵢᵢ R̃ᵢᵢ).
///
/// The diagonals lie between −1 and 1, which is what keeps it invertible. Backwards, z = Qᵀx is
/// found from its last element to its first, each from one scalar equation. Starts near the
/// identity.
public struct Sylvester: VectorLayer {
  let dimension: Int
  private let form: SylvesterForm
  private let columns: Int
  private let parameters: LayerParameters

  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: makes all parameters functions of a context.
  public init(
    dimension n: Int, form: SylvesterForm, name: String, context: ContextNetwork? = nil
  ) {
    dimension = n
    self.form = form
    var declarations: [LayerParameters.Declaration] = []
    switch form {
    case .orthogonal(let count):
      precondition(count > 0 && count <= n, "Sylvester: \(count) columns for \(n) dimensions")
      columns = count
      declarations.append(.init("columns", [n, count]) { $0.normal([n, count]) })
    case .householder(let count):
      precondition(count > 0, "Sylvester: reflections must be positive, got \(count)")
      columns = n
      declarations.append(Householder.vectors(n, count, "vectors"))
    case .triangular: columns = n
    }
    let m = columns
    declarations += [
      .init("outer", [m, m], constraint: .lowerTriangular) { _ in Tensor.zeros([m, m]) },
      .init("inner", [m, m], constraint: .lowerTriangular) { tril(0.1 * $0.normal([m, m])) },
      .init("b", [m]),
    ]
    parameters = LayerParameters(name, context: context, declarations)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let factors = Factors(parameters(context), form)
    let h = tanh(apply(factors.inner, to: factors.project(x)) + factors.b)
    return (x + factors.embed(apply(factors.outer, to: h)), factors.logDet(h))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let factors = Factors(parameters(context), form)
    let h = factors.activation(at: factors.project(y), columns)
    return (y - factors.embed(apply(factors.outer, to: h)), -factors.logDet(h))
  }
}

/// The parameters of a Sylvester layer as the map uses them.
private struct Factors {
  /// Qᵀ, and Q.
  let project: (Tensor) -> Tensor
  let embed: (Tensor) -> Tensor
  /// R and R̃, and one more than the product of their diagonals.
  let outer: Tensor
  let inner: Tensor
  let slope: Tensor
  let b: Tensor

  init(_ parameters: [Tensor], _ form: SylvesterForm) {
    let rest = Array(parameters.suffix(3))
    switch form {
    case .orthogonal:
      let q = qr(parameters[0]).q
      project = { apply(q.transposed(), to: $0) }
      embed = { apply(q, to: $0) }
    case .householder:
      let vectors = parameters[0]
      project = { reflected($0, vectors, isReversed: true) }
      embed = { reflected($0, vectors) }
    case .triangular(let isReversed):
      project = { isReversed ? $0.flipped(along: -1) : $0 }
      embed = project
    }
    outer = Factors.bounded(rest[0])
    inner = Factors.bounded(rest[1])
    slope = Factors.slope(rest[0].diagonal(), rest[1].diagonal())
    b = rest[2]
  }

  /// An upper triangle with the hyperbolic tangents of the diagonal.
  private static func bounded(_ lower: Tensor) -> Tensor {
    triu(lower.transposed(), 1) + tanh(lower.diagonal()).embeddingDiagonal()
  }

  /// 1 + tanh a tanh b, also where the product rounds to −1: cosh(a + b) / (cosh a cosh b).
  private static func slope(_ a: Tensor, _ b: Tensor) -> Tensor {
    2 * exp(softplus(2 * (a + b)) - softplus(2 * a) - softplus(2 * b))
  }

  func logDet(_ h: Tensor) -> Tensor { log(tanhSlope(h, slope)).sum(axis: -1) }

  /// h = tanh(R̃z + b) for z + R h = s. In row i, with all later elements known, v = (R̃z + b)ᵢ
  /// solves v + Rᵢᵢ R̃ᵢᵢ tanh v = R̃ᵢᵢ (s − Σ Rᵢⱼ hⱼ)ᵢ + (Σ R̃ᵢⱼ zⱼ + b)ᵢ.
  func activation(at s: Tensor, _ count: Int) -> Tensor {
    var later: [(index: Int, z: Tensor, h: Tensor)] = []
    for i in (0..<count).reversed() {
      var right = s.selecting(i, along: -1)
      var bias = b.selecting(i, along: -1)
      for (j, z, h) in later {
        right = right - element(outer, i, j) * h
        bias = bias + element(inner, i, j) * z
      }
      let v = tanhRoot(element(inner, i, i) * right + bias, slope.selecting(i, along: -1))
      let h = tanh(v)
      later.insert((i, right - element(outer, i, i) * h, h), at: 0)
    }
    return stack(later.map(\.h), along: -1)
  }

  private func element(_ matrix: Tensor, _ row: Int, _ column: Int) -> Tensor {
    matrix.selecting(column, along: -1).selecting(row, along: -1)
  }
}
