import FlowGuides

/// Log densities with their gradients, and draws, of many elements at once.
struct DistributionWorkload: Sendable {
  let name: String
  /// Parameters and values for `count` draws.
  let inputs: @Sendable (_ count: Int, _ dtype: DType) -> (parameters: [Tensor], values: Tensor)
  let make: @Sendable ([Tensor]) -> any Distribution
  /// Draws of one call when the parameters are shared by all of them.
  var sampleShape: @Sendable (Int) -> Shape = { _ in [] }

  /// The same numbers at every run, between two bounds.
  static func numbers(
    _ shape: Shape, _ range: ClosedRange<Double>, _ dtype: DType, seed: Int
  ) -> Tensor {
    let unit = RandomKey(seed).uniform(shape, dtype: .float64)
    return (range.lowerBound + (range.upperBound - range.lowerBound) * unit).cast(to: dtype)
      .detached()
  }

  static let all: [DistributionWorkload] = [
    elementwise("Normal", [-1...1, 0.5...2], values: -2...2) { Normal($0[0], $0[1]) },
    elementwise("Gamma", [0.5...5, 0.5...2], values: 0.1...5) { Gamma($0[0], $0[1]) },
    elementwise("Beta", [0.5...5, 0.5...5], values: 0.02...0.98) { Beta($0[0], $0[1]) },
    elementwise("StudentT", [2...10, -1...1, 0.5...2], values: -3...3) {
      StudentT($0[0], $0[1], $0[2])
    },
    categorical, dirichlet, multivariateNormal,
  ]

  private static func elementwise(
    _ name: String, _ ranges: [ClosedRange<Double>], values: ClosedRange<Double>,
    _ make: @escaping @Sendable ([Tensor]) -> any Distribution
  ) -> DistributionWorkload {
    DistributionWorkload(
      name: name,
      inputs: { count, dtype in
        let parameters = ranges.enumerated().map { numbers([count], $1, dtype, seed: $0 + 1) }
        return (parameters, numbers([count], values, dtype, seed: 9))
      }, make: make)
  }

  private static let categorical = DistributionWorkload(
    name: "Categorical",
    inputs: { count, dtype in
      let values = floor(numbers([count], 0...9.999, .float64, seed: 9)).cast(to: .int64)
      return ([numbers([count, 10], -1...1, dtype, seed: 1)], values.detached())
    }, make: { Categorical(logits: $0[0]) })

  private static let dirichlet = DistributionWorkload(
    name: "Dirichlet",
    inputs: { count, dtype in
      let raw = numbers([count, 5], 0.1...1, dtype, seed: 9)
      let values = raw / raw.sum(axis: -1, keepingAxes: true)
      return ([numbers([count, 5], 0.5...5, dtype, seed: 1)], values.detached())
    }, make: { Dirichlet($0[0]) })

  private static let multivariateNormal = DistributionWorkload(
    name: "MultivariateNormal",
    inputs: { count, dtype in
      let lower = numbers([5, 5], -0.5...0.5, dtype, seed: 2)
      let scale = (tril(lower, -1) + Tensor.eye(5, dtype: dtype)).detached()
      return (
        [numbers([5], -1...1, dtype, seed: 1), scale], numbers([count, 5], -2...2, dtype, seed: 9)
      )
    }, make: { MultivariateNormal($0[0], scaleTril: $0[1]) }, sampleShape: { [$0] })

  /// Microseconds of a call: the sum of log densities with its gradient by the parameters, and a
  /// draw for every element.
  func measure(_ count: Int, _ dtype: DType, _ budget: Double) throws -> (
    density: Double, sample: Double
  ) {
    let (parameters, values) = inputs(count, dtype)
    let density = try compile(for: parameters + [values]) { inputs in
      let own = Array(inputs.dropLast())
      let total = make(own).logProb(inputs[inputs.count - 1]).sum()
      return [total] + gradient(of: total, withRespectTo: own)
    }
    let sample = try compile(for: parameters + [Tensor(Int.zero)]) { inputs in
      let key = RandomKey(1).foldIn(inputs[inputs.count - 1])
      return [make(Array(inputs.dropLast())).sample(sampleShape(count), key: key, dtype: dtype)]
    }
    let points = parameters + [values]
    var call = 0
    var arguments = parameters + [Tensor(call)]
    return (
      fastest(budget) { for _ in 0..<$0 { _ = density(points) } },
      fastest(budget) {
        for _ in 0..<$0 {
          call += 1
          arguments[parameters.count] = Tensor(call)
          _ = sample(arguments)
        }
      }
    )
  }
}

/// One JSON line per distribution, count and job, of distributions whose names begin with `only`.
func reportDistributions(_ options: Options) throws {
  for workload in DistributionWorkload.all where workload.name.hasPrefix(options.only) {
    for count in [10, 1_000_000] {
      let times = try workload.measure(count, options.dtype, options.seconds / 4)
      for (job, microseconds) in [("logProb", times.density), ("sample", times.sample)] {
        print(
          """
          {"who": "ours", "distribution": "\(workload.name)", "count": \(count), \
          "job": "\(job)", "dtype": "\(options.dtype)", "microseconds": \(microseconds)}
          """)
      }
    }
  }
}
