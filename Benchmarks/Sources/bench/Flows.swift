import FlowGuides

/// A flow fitted to and drawn from, in batches of 512: peers/flows.py has the same ones.
private struct FlowWorkload {
  let architecture: FlowArchitecture
  let dimension: Int

  init(_ dimension: Int, _ architecture: FlowArchitecture) {
    self.architecture = architecture
    self.dimension = dimension
  }

  static func named(_ name: String) -> FlowWorkload? {
    let (small, large) = ([64, 64], [256, 256])
    return switch name {
    case "maf-8": FlowWorkload(8, .maf(layers: 3, hidden: small, activation: .relu))
    case "nsf-8": FlowWorkload(8, nsf(3, small))
    case "maf-43": FlowWorkload(43, .maf(layers: 5, hidden: large, activation: .relu))
    case "nsf-43": FlowWorkload(43, nsf(5, large))
    default: nil
    }
  }

  private static func nsf(_ layers: Int, _ hidden: [Int]) -> FlowArchitecture {
    .nsf(layers: layers, conditioning: .masked, bins: 8, hidden: hidden, activation: .relu)
  }
}

/// Times a training step, a density pass and drawing, of batches of 512; false for another name.
func reportFlow(_ options: Options) throws -> Bool {
  guard let workload = FlowWorkload.named(options.workload) else { return false }
  let (dtype, batch) = (options.dtype, 512)
  let flow = NormalizingFlow(workload.architecture, dimension: workload.dimension)
  let data = RandomKey(0).normal([batch, workload.dimension], dtype: dtype).detached()

  var made: SVI?
  let first = try seconds {
    made = try SVI(
      { plate("rows", batch) { _ = sample("row", flow, observed: data) } }, guide: {},
      optimizer: Adam(0.001), dtype: dtype)
    try made?.run(steps: 1, showsProgress: false)
  }
  if let svi = made {
    let step = try fastestStep(options.seconds, of: svi)
    print(options, "train", step, first)
  }

  let known = try flow.initialized(dtype: dtype)
  try measure("density", [data]) { [known.logProb($0[0])] }
  try measure("sample", [Tensor(0)]) { arguments in
    let key = RandomKey(0).foldIn(arguments[0].cast(to: .int64))
    return [known.sample([batch], key: key, dtype: dtype)]
  }
  return true

  func measure(_ mode: String, _ arguments: [Tensor], _ body: ([Tensor]) -> [Tensor]) throws {
    var made: CompiledFunction?
    let first = try seconds {
      made = try compile(for: arguments, body)
      _ = made?(arguments)
    }
    guard let function = made else { return }
    let step = fastestCall(options.seconds, of: function, arguments)
    print(options, mode, step, first)
  }
}

/// - Parameter first: seconds of the first call, with all that is done once.
private func print(_ options: Options, _ mode: String, _ microseconds: Double, _ first: Double) {
  print(
    """
    {"who": "ours", "flow": "\(options.workload)", "dtype": "\(options.dtype)", \
    "mode": "\(mode)", "microseconds": \(microseconds), "first_seconds": \(first), \
    "peak_mb": \(peakMegabytes())}
    """)
}
