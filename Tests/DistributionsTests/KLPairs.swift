import Distributions

/// Two distributions and where to try them.
struct KLPair: Sendable, CustomStringConvertible {
  /// The set to integrate over: the support of the first.
  enum Chart: Sendable {
    case line
    case halfLine
    /// Between two bounds.
    case interval(Double, Double)
    case above(Double)
  }

  let p: KLKind
  let q: KLKind
  var description: String { "\(p.name)‖\(q.name)" }
  /// How often the divergence can be differentiated: mean and variance of the continuous Bernoulli
  /// distribution are derivatives themselves, of a function known to order 2.
  var order: Int {
    if p.name == "ContinuousBernoulli" { return q.name == "Normal" ? 0 : 1 }
    return q.name == "ContinuousBernoulli" ? 1 : 2
  }
}

/// A family of distributions by the names of the goldens.
struct KLKind: Sendable {
  let name: String
  let ranges: [ClosedRange<Double>]
  let chart: @Sendable ([Double]) -> KLPair.Chart
  let make: @Sendable ([Tensor]) -> any Distribution

  init(
    _ name: String, _ ranges: [ClosedRange<Double>],
    _ chart: @escaping @Sendable ([Double]) -> KLPair.Chart,
    make: @escaping @Sendable ([Tensor]) -> any Distribution
  ) {
    self.name = name
    self.ranges = ranges
    self.chart = chart
    self.make = make
  }

  static let all: [KLKind] = [
    KLKind("Normal", [-2...2, 0.3...3], { _ in .line }) { Normal($0[0], $0[1]) },
    KLKind("Laplace", [-2...2, 0.3...2], { _ in .line }) { Laplace($0[0], $0[1]) },
    KLKind("Gumbel", [-1...1, 0.5...2], { _ in .line }) { Gumbel($0[0], $0[1]) },
    KLKind("Cauchy", [-2...2, 0.3...2], { _ in .line }) { Cauchy($0[0], $0[1]) },
    KLKind("HalfCauchy", [0.3...3], { _ in .halfLine }) { HalfCauchy($0[0]) },
    KLKind("HalfNormal", [0.3...3], { _ in .halfLine }) { HalfNormal($0[0]) },
    KLKind("LogNormal", [-1...1, 0.3...1.2], { _ in .halfLine }) { LogNormal($0[0], $0[1]) },
    KLKind("Gamma", [0.6...4, 0.4...3], { _ in .halfLine }) { Gamma($0[0], $0[1]) },
    KLKind("InverseGamma", [1.5...4, 0.4...3], { _ in .halfLine }) { InverseGamma($0[0], $0[1]) },
    KLKind("Exponential", [0.3...3], { _ in .halfLine }) { Exponential($0[0]) },
    KLKind("Weibull", [0.5...2, 0.8...3], { _ in .halfLine }) { Weibull($0[0], $0[1]) },
    KLKind("Beta", [0.8...4, 0.8...4], { _ in .interval(0, 1) }) { Beta($0[0], $0[1]) },
    KLKind("Kumaraswamy", [0.8...4, 0.8...4], { _ in .interval(0, 1) }) {
      Kumaraswamy($0[0], $0[1])
    },
    KLKind("ContinuousBernoulli", [0.1...0.4], { _ in .interval(0, 1) }) {
      ContinuousBernoulli(probs: $0[0])
    },
    KLKind("Uniform", [0.1...0.4, 0.5...0.9], { .interval($0[0], $0[1]) }) {
      Uniform($0[0], $0[1])
    },
    KLKind("Pareto", [0.4...2, 2.5...6], { .above($0[0]) }) { Pareto($0[0], $0[1]) },
  ]

  static func named(_ name: String) -> KLKind? { all.first { $0.name == name } }
}

extension KLPair {
  /// Pairs with a closed form.
  static let continuous: [KLPair] = names.flatMap { p, targets in
    targets.compactMap { q in
      KLKind.named(p).flatMap { p in KLKind.named(q).map { KLPair(p: p, q: $0) } }
    }
  }

  private static let names: [(String, [String])] = [
    ("Normal", ["Normal", "Laplace", "Gumbel"]),
    ("Laplace", ["Laplace", "Normal"]),
    ("Gumbel", ["Gumbel", "Normal"]),
    ("Cauchy", ["Cauchy"]),
    ("HalfCauchy", ["HalfCauchy"]),
    ("HalfNormal", ["HalfNormal"]),
    ("LogNormal", ["LogNormal", "Gamma", "Normal", "Exponential"]),
    ("Gamma", ["Gamma", "Exponential", "Gumbel", "Normal"]),
    ("InverseGamma", ["InverseGamma"]),
    ("Exponential", ["Exponential", "Gamma", "Gumbel", "Normal"]),
    ("Weibull", ["Weibull", "Gamma", "Normal", "Exponential"]),
    ("Beta", ["Beta", "Exponential", "Gamma", "Normal", "ContinuousBernoulli"]),
    ("Kumaraswamy", ["Beta"]),
    ("ContinuousBernoulli", ["ContinuousBernoulli", "Normal", "Exponential"]),
    (
      "Uniform",
      ["Beta", "ContinuousBernoulli", "Exponential", "Gamma", "Gumbel", "Normal"]
    ),
    ("Pareto", ["Pareto", "Exponential", "Gamma", "Normal"]),
  ]

  /// Pairs of which the first has mass where the second has none.
  static let disjoint: [KLPair] = [
    ("Normal", "Gamma"), ("Laplace", "Exponential"), ("Gumbel", "LogNormal"), ("Gamma", "Beta"),
    ("Normal", "Uniform"), ("Exponential", "Pareto"), ("Cauchy", "HalfCauchy"),
    ("Uniform", "Pareto"),
  ].compactMap { p, q in
    KLKind.named(p).flatMap { p in KLKind.named(q).map { KLPair(p: p, q: $0) } }
  }
}
