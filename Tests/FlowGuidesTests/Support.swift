import FlowGuides
import Synchronization
import Testing

/// Gives every parameter random normal values, for tests far from the initial ones.
final class RandomWeights: Handler {
  private let key: RandomKey
  private let spread: Double
  private let values = Mutex<[String: Tensor]>([:])

  init(_ seed: Int, spread: Double = 1) {
    key = RandomKey(seed)
    self.spread = spread
  }

  func process(_ site: inout Site) {
    guard site.kind == .param, let initial = site.declaration?.initialValue(key) else { return }
    let value = spread * key.foldIn(site.name).normal(initial.shape, dtype: site.dtype)
    let stored = values.withLock { values -> Tensor in
      if values[site.name] == nil { values[site.name] = value.detached() }
      return values[site.name] ?? value
    }
    site.value = stored
  }

  /// The parameters met so far.
  var met: [String: Tensor] { values.withLock { $0 } }
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

struct FlowGoldens: Decodable {
  struct Made: Decodable {
    let dimension: Int
    let hidden: [Int]
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

extension AffineForm {
  static var all: [AffineForm] { [.logScale, .gated] }
}

extension Activation {
  static var all: [Activation] { [.tanh, .relu, .elu, .softplus] }
}
