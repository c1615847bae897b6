import Synchronization
import Testing

@testable import FlowGuides

/// Gives every parameter random normal values, for tests far from the initial ones.
final class RandomWeights: Handler {
  private let key: RandomKey
  private let spread: Double
  /// Whether the weights of a layer are divided by the root of the number of its inputs, so that
  /// outputs are of the size of inputs.
  private let isScaled: Bool
  private let dtype: DType?
  private let values = Mutex<[String: Tensor]>([:])

  init(_ seed: Int, spread: Double = 1, isScaled: Bool = false, dtype: DType? = nil) {
    key = RandomKey(seed)
    self.spread = spread
    self.isScaled = isScaled
    self.dtype = dtype
  }

  func process(_ site: inout Site) {
    guard site.kind == .param, let initial = site.declaration?.initialValue(key) else { return }
    // Parameters with a range are normal before the map onto it.
    let onto = site.declaration?.constraint.bijector
    let free = onto?.inverseShape(initial.shape) ?? initial.shape
    let inputs = isScaled && free.rank > 1 ? Double(free[0]) : 1
    let drawn = spread / inputs.squareRoot() * key.foldIn(site.name).normal(free)
    let value = (onto?.forward(drawn) ?? drawn).cast(to: dtype ?? site.dtype)
    let stored = values.withLock { values -> Tensor in
      if values[site.name] == nil { values[site.name] = value.detached() }
      return values[site.name] ?? value
    }
    site.value = stored
  }

  /// The parameters met so far.
  var met: [String: Tensor] { values.withLock { $0 } }
}

/// A bijector whose parameters are scaled, the weights of a layer also by one over the root of the
/// number of its inputs: at random parameters it neither explodes nor dies.
struct Scaled: BijectorWrapper {
  let base: any Bijector
  var spread = 1.0

  var startsNearIdentity: Bool { false }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    handle({ base.forwardAndLogDet(x, context: context) }, with: Scale(spread: spread))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    handle({ base.inverseAndLogDet(y, context: context) }, with: Scale(spread: spread))
  }

  func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    handle(
      { base.forwardWithScore(x, score: score, context: context) }, with: Scale(spread: spread))
  }

  private struct Scale: Handler {
    let spread: Double

    func postprocess(_ site: inout Site) {
      // Those with a range stay as they are.
      guard site.kind == .param, site.declaration?.constraint == .real, let value = site.value
      else { return }
      let inputs = value.rank > 1 ? Double(value.shape[0]) : 1
      site.value = spread / inputs.squareRoot() * value
    }
  }
}

/// Gives every parameter its initial value.
struct InitialWeights: Handler {
  func process(_ site: inout Site) {
    if site.kind == .param { site.key = RandomKey(9).foldIn(site.name) }
  }
}

/// Gives sites chosen values.
struct Substitute: Handler {
  let values: [String: Tensor]

  func process(_ site: inout Site) {
    guard !site.isObserved, let value = values[site.name] else { return }
    site.value = value
  }
}

/// The Jacobian of a vector with respect to another, row by row.
func jacobian(of y: Tensor, _ x: Tensor) -> [[Double]] {
  (0..<y.count).map { row in
    gradient(of: y.reshaped(to: [y.count]).selecting(row, along: 0), withRespectTo: x).array()
  }
}

/// log |det| of a matrix.
func logDeterminant(_ rows: [[Double]]) -> Double { slogdet(Tensor(rows)).logAbs.scalar() }

/// Which units of a network feed which, layer by layer, read off the derivatives with respect to the
/// weights; a context stands before the other inputs.
func connections(of network: MaskedPerceptron, _ dimension: Int, context: Int) -> [[[Bool]]] {
  let weights = RandomWeights(3)
  let given = context > 0 ? RandomKey(4).normal([context]).detached() : nil
  let outputs = handle(
    { network(RandomKey(1).normal([dimension]).detached(), given) }, with: weights)
  let total = outputs.map { $0.sum() }.reduce(Tensor.zeros([]), +)
  let layers = weights.met.keys.filter { $0.hasPrefix("net.weight") }.sorted()
  return layers.enumerated().map { index, name in
    let inputs = [index == 0 ? weights.met["net.contextWeight"] : nil, weights.met[name]]
    let slopes = gradient(of: total, withRespectTo: inputs.compactMap { $0 })
    return concat(slopes).transposed().rows().map { row in row.map { $0 != 0 } }
  }
}

/// A block autoregressive network called "f" that bends by hyperbolic tangents, whose values are
/// bounded, and which is no bijector onto all numbers therefore; and its log determinant.
func boundedBlocks(
  _ x: Tensor, _ sites: [String: Tensor], gate: Tensor?
) -> (y: Tensor, logDet: Tensor) {
  let n = x.count
  let layers = sites.keys.filter { $0.hasPrefix("f.weight") }.count
  let network = BlockAutoregressiveNetwork(
    dimension: n, hidden: (0..<layers - 1).map { (sites["f.weight\($0)"]?.shape[0] ?? 0) / n },
    activation: Tanh(), name: "f")
  var (value, logSlopes): (Tensor, Tensor?) = (x, nil)
  for layer in substitute(sites, { network.layers(nil) }) {
    (value, logSlopes) = layer(value, logSlopes)
  }
  let slopes = (logSlopes ?? Tensor(.nan)).squeezing(at: -1)
  guard let gate else { return (value, slopes.sum()) }
  return (
    sigmoid(gate) * value + sigmoid(-gate) * x,
    (softplus(slopes + gate) - softplus(gate)).sum()
  )
}

struct FlowGoldens: Decodable {
  struct Made: Decodable {
    let dimension: Int
    let hidden: [Int]
    let order: [Int]
    let context: Int
    /// Per layer and output unit a string of zeros and ones.
    let masks: [[String]]
  }

  struct Layers: Decodable {
    let shift: [[Double]]
    let scale: [[Double]]
    let shiftBias: [Double]
    let scaleBias: [Double]
    let points: [Point]
  }

  struct Point: Decodable {
    let x: [Double]
    let logScale: Value
    let gated: Value
  }

  struct Value: Decodable {
    let y: [Double]
    let logDet: Double
  }

  let made: [Made]
  let layers: Layers
}

extension Activation {
  static var all: [Activation] { [.tanh, .relu, .elu, .softplus] }
}
