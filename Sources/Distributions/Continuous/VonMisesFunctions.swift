#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What von Mises' distribution is computed by.
enum VonMisesFunctions {
  static let pi = Tensor(floatLiteral: .pi)
  private static let twoPi = Tensor(floatLiteral: 2 * .pi)

  /// κ (cos d − 1) at the angle d from the mode, without cancellation.
  static func exponent(_ distance: Tensor, _ concentration: Tensor) -> Tensor {
    -2 * concentration * square(sin(0.5 * distance))
  }

  /// The angle in [−π, π] that is the same direction.
  static func wrapped(_ angle: Tensor) -> Tensor {
    clamp(angle - twoPi * round(angle / twoPi), -pi, pi)
  }

  /// ∫ from −π to x of exp(κ (cos(t − loc) − 1)) dt, for x in [−π, π].
  ///
  /// The mode nearest to 0 and the one on the other side of ±π count each for the angles that are
  /// nearer to it.
  static func integral(_ x: Tensor, _ loc: Tensor, _ concentration: Tensor) -> Tensor {
    let nearest = loc - twoPi * round(loc / twoPi)
    let other = `where`(nearest .< 0, nearest + twoPi, nearest - twoPi)
    return part(x, nearest, concentration) + part(x, other, concentration)
  }

  /// The part of the integral over angles within π of a mode, by Gauss–Legendre quadrature in
  /// twelve pieces. Where the density is below e⁻¹⁰⁰ of its height it is left out.
  private static func part(_ x: Tensor, _ mode: Tensor, _ concentration: Tensor) -> Tensor {
    let reach = stopGradient(2 * asin(minimum(sqrt(50 / concentration), 1)))
    let start = maximum(mode - reach, -pi)
    let length = maximum(minimum(x, mode + reach) - start, 0)
    func overNodes(_ tensor: Tensor) -> Tensor { tensor.expandingDims(at: -1) }
    let dtype = length.dtype
    let (nodes, weights) = (rule.nodes.cast(to: dtype), rule.weights.cast(to: dtype))
    let distance = overNodes(start - mode) + overNodes(length) * nodes
    return length * (exp(exponent(distance, overNodes(concentration))) * weights).sum(axis: -1)
  }

  /// Nodes and weights over [0, 1]: twelve pieces of sixteen.
  private static let rule: (nodes: Tensor, weights: Tensor) = {
    let piece = gaussLegendre(16)
    let pieces = (0..<12).flatMap { index in
      piece.map { ((Double(index) + $0.node) / 12, $0.weight / 12) }
    }
    return (Tensor(pieces.map(\.0)), Tensor(pieces.map(\.1)))
  }()

  /// The rule over [0, 1]: roots of Legendre's polynomial by Newton's steps.
  private static func gaussLegendre(_ count: Int) -> [(node: Double, weight: Double)] {
    (1...count).map { index in
      var x = cos(.pi * (Double(index) - 0.25) / (Double(count) + 0.5))
      var slope = 0.0
      for _ in 0..<8 {
        var (previous, value) = (1.0, x)
        for degree in 2...count {
          let n = Double(degree)
          (previous, value) = (value, ((2 * n - 1) * x * value - (n - 1) * previous) / n)
        }
        slope = Double(count) * (x * value - previous) / (x * x - 1)
        x -= value / slope
      }
      return (0.5 + 0.5 * x, 1 / ((1 - x * x) * slope * slope))
    }
  }

  /// Angles around 0 by rejection from a wrapped Cauchy distribution (Best and Fisher 1979); all
  /// elements are proposed anew until the last one is accepted. float64, without derivative.
  static func noise(_ concentration: Tensor, _ shape: Shape, _ key: RandomKey) -> Tensor {
    let k = stopGradient(concentration.cast(to: .float64))
    let s = sqrt(1 + 4 * square(k))
    // r = (1 + ρ²) / 2ρ, with ρ from τ = 1 + s; for small κ it is 1/κ + κ.
    let rho = (1 + s - sqrt(2 + 2 * s)) / (2 * k)
    let r = `where`(k .< 1e-5, 1 / k + k, (1 + square(rho)) / (2 * rho))
    let initial = [Tensor.zeros(shape), Tensor.zeros(shape), Tensor(0)]
    let result = whileLoop(
      initial: initial, condition: { ($0[1] .< 0.5).any() },
      body: { carry in
        let turn = key.foldIn(carry[2])
        let z = cos(Double.pi * turn.foldIn(0).uniform(shape))
        let f = clamp((1 + r * z) / (r + z), -1, 1)
        let c = k * (r - f)
        let u = turn.foldIn(1).uniform(shape)
        let isAccepted = (log(c / u) + 1 - c .>= 0) .&& (carry[1] .< 0.5)
        let sign = `where`(turn.foldIn(2).uniform(shape) .< 0.5, -1, 1)
        return [
          `where`(isAccepted, sign * acos(f), carry[0]), `where`(isAccepted, 1, carry[1]),
          carry[2] + 1,
        ]
      })
    return result[0]
  }
}
