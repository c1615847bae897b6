import PPL

/// A binary tree of normals: the root ~ N(0.3, 1), each node ~ N(its parent, 0.8), and a datum ~ N(leaf,
/// 0.6) at each leaf. The guide goes down the tree too, the nodes' distributions depending on their
/// parents' draws.
struct GaussianTree {
  static let (rootMean, rootPrecision) = (0.3, 1.0)
  static let (precision, dataPrecision) = (1 / 0.64, 1 / 0.36)
  let layers: Int

  /// The nodes are numbered from 1; the children of k are 2k and 2k + 1.
  var count: Int { (1 << layers) - 1 }
  private var leaves: Range<Int> { 1 << (layers - 1)..<1 << layers }
  private func datum(_ leaf: Int) -> Double { 0.5 * Double(leaf % 5) - 0.8 }

  func model() {
    var values: [Int: Tensor] = [:]
    for node in 1...count {
      let parent = values[node / 2] ?? Tensor(scalar: Self.rootMean)
      let precision = node == 1 ? Self.rootPrecision : Self.precision
      values[node] = sample(
        "z\(node)", Normal(parent, Tensor(scalar: 1 / precision.squareRoot())))
    }
    for leaf in leaves {
      let scale = Tensor(scalar: 1 / Self.dataPrecision.squareRoot())
      sample("x\(leaf)", Normal(values[leaf]!, scale), observed: Tensor(scalar: datum(leaf)))
    }
  }

  /// What a subtree's data say of its root: N(mean; z, 1/√precision), times a constant.
  private func message(_ node: Int) -> (mean: Double, precision: Double, logFactor: Double) {
    if leaves.contains(node) { return (datum(node), Self.dataPrecision, 0) }
    let parts = [2 * node, 2 * node + 1].map { child in
      let below = message(child)
      let precision = 1 / (1 / Self.precision + 1 / below.precision)
      return (mean: below.mean, precision: precision, logFactor: below.logFactor)
    }
    let precision = parts[0].precision + parts[1].precision
    let mean = parts.reduce(0) { $0 + $1.precision * $1.mean } / precision
    let spread = (1 / parts[0].precision + 1 / parts[1].precision).squareRoot()
    let overlap = normalLogDensity(parts[0].mean, parts[1].mean, spread)
    return (mean, precision, parts[0].logFactor + parts[1].logFactor + overlap)
  }

  var logEvidence: Double {
    let root = message(1)
    let spread = (1 / Self.rootPrecision + 1 / root.precision).squareRoot()
    return root.logFactor + normalLogDensity(root.mean, Self.rootMean, spread)
  }

  /// zₖ given its parent: N(slope · parent + loc, scale). The root's slope is 0.
  func posterior(_ node: Int) -> (loc: Double, slope: Double, scale: Double) {
    let below = message(node)
    let own = node == 1 ? Self.rootPrecision : Self.precision
    let precision = own + below.precision
    let prior = node == 1 ? Self.rootPrecision * Self.rootMean : 0
    return (
      (prior + below.precision * below.mean) / precision, node == 1 ? 0 : own / precision,
      1 / precision.squareRoot()
    )
  }

  /// The exact posterior with its 3 · count − 1 parameters, the right subtree first where `turned`.
  func guide(turned: Bool, infer: (Int) -> InferConfig?) {
    func draw(_ node: Int, _ parent: Tensor?) {
      guard node <= count else { return }
      let exact = posterior(node)
      var loc = param("loc\(node)", Tensor(scalar: exact.loc))
      if let parent { loc = loc + param("slope\(node)", Tensor(scalar: exact.slope)) * parent }
      let scale = param("scale\(node)", Tensor(scalar: exact.scale), constraint: .positive)
      let z = sample("z\(node)", Normal(loc, scale), infer: infer(node))
      for child in turned ? [2 * node + 1, 2 * node] : [2 * node, 2 * node + 1] { draw(child, z) }
    }
    draw(1, nil)
  }
}
