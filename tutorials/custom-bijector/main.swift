import FlowGuides
import TutorialKit

var options = Options(
  "custom-bijector", about: "A bijector of one's own: written, checked and learned from data.")
let epochs = options.integer("--epochs", in: 1...1000, default: 40, "passes over the data")
let seed = options.integer("--seed", default: 0, "determines every draw")
options.finish()

/// y = sinh(tail · asinh x + skew) (Jones & Pewsey 2009): skews what comes in, and makes its tails
/// heavier (tail > 1) or lighter.
struct SinhArcsinh: Bijector {
  let name: String
  var startsNearIdentity: Bool { true }

  var skew: Tensor { param("\(name).skew", 0) }
  var tail: Tensor { param("\(name).tail", 1, constraint: .positive) }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let u = tail * asinh(x) + skew
    return (sinh(u), logSlope(x, u))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let u = asinh(y)
    let x = sinh((u - skew) / tail)
    return (x, -logSlope(x, u))
  }

  /// log dy/dx = log tail + log cosh u − ½ log(1 + x²), without overflow.
  private func logSlope(_ x: Tensor, _ u: Tensor) -> Tensor {
    log(tail) + abs(u) + softplus(-2 * abs(u)) - asinhSlope(x)
  }

  private func asinhSlope(_ x: Tensor) -> Tensor { 0.5 * log1p(square(x)) + 0.6931471805599453 }
}

// One call checks every promise of a bijector, far from its initial parameters.
try checkLaws(of: SinhArcsinh(name: "map"), event: [3], spread: 0.3)
print("SinhArcsinh keeps all \(BijectorLaw.allCases.count) laws.")

/// The same with a slip: the log determinant lacks a term.
struct Slip: Bijector {
  let right = SinhArcsinh(name: "map")

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = right.forwardAndLogDet(x, context: context)
    return (y, logDet - log(right.tail))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = right.inverseAndLogDet(y, context: context)
    return (x, logDet + log(right.tail))
  }
}

do {
  try checkLaws(of: Slip(), event: [3], spread: 0.3)
} catch {
  print("\nWith a slip it does not:")
  for violation in error.violations.prefix(2) { print("  \(violation)") }
}

// Density, draws and fits come with it. Data with a known skew and tail:
let (skew, tail) = (0.6, 1.3)
let noise = RandomKey(seed).normal([4000, 1])
let data = sinh(tail * asinh(noise) + skew).detached()

let flow = NormalizingFlow(
  [SinhArcsinh(name: "map").toEvent(1)], base: Normal(0, 1).expanded(to: [1]))
let result = try fit(flow, to: data, optimizer: Adam(0.02), epochs: epochs, seed: seed)

print()
print(row("", ["true", "learned"]))
for (name, value) in [("skew", skew), ("tail", tail)] {
  let learned = result.flow.fittedParameters?["map.\(name)"]?.scalar() ?? .nan
  print(row(name, [fixed(value), fixed(learned)]))
}
let normal = Normal(data.mean().detached(), sqrt(square(data - data.mean()).mean()).detached())
let densities = [normal.logProb(data).mean(), result.flow.logProb(data).mean()]
print("\nMean log density of a point: normal \(fixed(densities[0].scalar()))", terminator: "")
print(", flow \(fixed(densities[1].scalar()))")
