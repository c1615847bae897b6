import Foundation
import PPL
import Synchronization

/// Gives sample and parameter sites chosen values.
struct Substitute: Handler {
  let values: [String: Tensor]

  func process(_ site: inout Site) {
    guard !site.isObserved, let value = values[site.name] else { return }
    site.value = value
  }
}

/// Notes when sites pass.
final class Recorder: Handler {
  let label: String
  private let log: Journal<String>

  init(_ label: String, _ log: Journal<String>) {
    self.label = label
    self.log = log
  }

  func process(_ site: inout Site) { log.append("\(label) > \(site.name)") }
  func postprocess(_ site: inout Site) { log.append("\(label) < \(site.name)") }
}

/// A list that closures and handlers may share.
final class Journal<Element: Sendable>: Sendable {
  private let entries = Mutex<[Element]>([])

  func append(_ element: Element) { entries.withLock { $0.append(element) } }
  var all: [Element] { entries.withLock { $0 } }

  /// The entries, which are forgotten.
  func drain() -> [Element] {
    entries.withLock { entries in
      defer { entries = [] }
      return entries
    }
  }
}

/// A step of size `rate` down the gradient: with rate 1, what a step takes off the parameters is
/// the gradient.
struct PlainDescent: Optimizer {
  var rate = 1.0

  func initialState(_ parameters: Tensor) -> [Tensor] { [] }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    (parameters - rate * gradient, state)
  }
}

extension ParameterStore {
  /// All parameters' elements by name.
  var values: [String: [Double]] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, self[$0]?.array() ?? []) })
  }

  func scalar(_ name: String) -> Double { self[name]?.array()[0] ?? .nan }
}

extension Double {
  /// Bits, so that NaN equals NaN and −0 is not 0.
  var bits: UInt64 { bitPattern }
}

extension Dictionary where Key == String, Value == [Double] {
  var bits: [String: [UInt64]] { mapValues { $0.map(\.bits) } }
}

/// log N(x; loc, scale).
func normalLogDensity(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
  let z = (x - loc) / scale
  return -0.5 * z * z - Foundation.log(scale) - 0.5 * Foundation.log(2 * Double.pi)
}

/// Whether a mean of `count` terms of standard deviation `sd` may be so far off.
///
/// - Parameter bound: of |z|. 4.9 fails for one seed in a million, and lets a mean that is wrong by
///   twice as many standard errors pass for fewer; several means at once need more.
func isPlausible(
  _ mean: Double, _ expected: Double, sd: Double, count: Int, bound: Double = 4.9
) -> Bool { (mean - expected).magnitude < bound * sd / Double(count).squareRoot() }
