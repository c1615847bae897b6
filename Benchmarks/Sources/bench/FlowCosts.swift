import FlowGuides
import Foundation

/// All architectures as they come, without settings.
private let architectures: [(name: String, flow: FlowArchitecture)] = [
  ("NICE", .nice()), ("RealNVP", .realNVP()), ("Glow", .glow()), ("NSF, coupling", .nsf()),
  ("MAF", .maf()), ("IAF", .iaf()), ("NSF, masked", .nsf(conditioning: .masked)),
  ("NSF, inverse", .nsf(conditioning: .inverseMasked)), ("SOSPF, masked", .sospf()),
  ("SOSPF, inverse", .sospf(conditioning: .inverseMasked)), ("BPF, masked", .bpf()),
  ("BPF, inverse", .bpf(conditioning: .inverseMasked)), ("NAF, masked", .naf()),
  ("NAF, inverse", .naf(conditioning: .inverseMasked)), ("UNAF, masked", .unaf()),
  ("UNAF, inverse", .unaf(conditioning: .inverseMasked)), ("BNAF", .bnaf()), ("GF", .gf()),
  ("GF, inverse", FlowArchitecture.gf().inverse), ("planar", .planar()), ("radial", .radial()),
  ("Sylvester", .sylvester()), ("residual", .residual()), ("FFJORD", .ffjord()),
  ("OT-Flow", .otFlow()),
]

private let dimension = 16
private let batch = 256

/// What each architecture costs in each direction, in microseconds per point, as lines of a table.
///
/// - Parameter only: the beginning of the names of the rows wanted.
func reportFlowCosts(_ options: Options) throws {
  print("| | parameters | draw | density | ELBO | STL | likelihood |")
  print("|---|---:|---:|---:|---:|---:|---:|")
  for (name, architecture) in architectures where name.hasPrefix(options.only) {
    let flow = NormalizingFlow(architecture, dimension: dimension)
    let known = try flow.initialized(dtype: options.dtype)
    let store = known.fittedParameters
    let count = store.map { store in store.names.reduce(0) { $0 + (store[$1]?.count ?? 0) } } ?? 0
    let data = RandomKey(0).normal([batch, dimension], dtype: options.dtype).detached()
    let costs = [
      try costOfCall(Tensor(0), options) { argument in
        let key = RandomKey(0).foldIn(argument.cast(to: .int64))
        let (points, density) = known.sampleAndLogProb([batch], key: key, dtype: options.dtype)
        return [points, density]
      },
      try costOfCall(data, options) { [known.logProb($0)] },
      try costOfStep(ofGuide: architecture, .total, options),
      try costOfStep(ofGuide: architecture, .stickingTheLanding, options),
      try costOfStep(ofDensity: flow, data, options),
    ]
    let cells = costs.map { String(format: "%.2f", $0 / Double(batch)) }
    print("| \(name) | \(count) | " + cells.joined(separator: " | ") + " |")
    fflush(nil)
  }
}

private func costOfCall(
  _ argument: Tensor, _ options: Options, _ body: (Tensor) -> [Tensor]
) throws -> Double {
  let function = try compile(for: [argument]) { body($0[0]) }
  return fastestCall(options.seconds, of: function, [argument])
}

private func costOfStep(
  ofGuide flow: FlowArchitecture, _ estimator: TraceELBO.Estimator, _ options: Options
) throws -> Double {
  let target = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
  let svi = try SVI(
    { sample("z", target) }, FlowGuide(flow: flow), optimizer: Adam(1e-4),
    loss: TraceELBO(particles: batch, estimator: estimator), dtype: options.dtype)
  return try fastestStep(options.seconds, of: svi)
}

private func costOfStep(
  ofDensity flow: NormalizingFlow, _ data: Tensor, _ options: Options
) throws -> Double {
  let svi = try SVI(
    { plate("rows", batch) { _ = sample("row", flow, observed: data) } }, guide: {},
    optimizer: Adam(1e-4), dtype: options.dtype)
  return try fastestStep(options.seconds, of: svi)
}
