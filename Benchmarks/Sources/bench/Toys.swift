import FlowGuides
import Foundation
import Models

/// All architectures, at sizes that give each a few thousand parameters at most.
private let architectures: [(name: String, flow: FlowArchitecture)] = [
  ("NICE", .nice(layers: 8, hidden: [32])),
  ("RealNVP", .realNVP(layers: 12, hidden: [32], form: .asymmetric)),
  ("MAF", .maf(layers: 6, hidden: [32])),
  ("IAF", .iaf(layers: 6, hidden: [32])),
  ("NSF, coupling", .nsf(layers: 6, bins: 16, bound: 6, hidden: [32, 32])),
  ("NSF, masked", .nsf(layers: 3, conditioning: .masked, bins: 16, bound: 6, hidden: [32, 32])),
  (
    "NSF, inverse",
    .nsf(layers: 3, conditioning: .inverseMasked, bins: 16, bound: 6, hidden: [32, 32])
  ),
  ("NAF, inverse", .naf(layers: 3, conditioning: .inverseMasked, hidden: [32])),
  ("UNAF, inverse", .unaf(layers: 2, conditioning: .inverseMasked, integrand: [16], hidden: [32])),
  ("SOSPF, inverse", .sospf(layers: 3, conditioning: .inverseMasked, hidden: [32])),
  ("BPF, inverse", .bpf(layers: 3, conditioning: .inverseMasked, hidden: [32])),
  ("Glow", .glow(layers: 6, hidden: [32])),
  ("GF, inverse", FlowArchitecture.gf(layers: 6).inverse),
  ("BNAF", .bnaf(layers: 3, hidden: [16])),
  ("planar", .planar(layers: 16)),
  ("radial", .radial(layers: 16)),
  ("Sylvester", .sylvester(layers: 8)),
  ("residual", .residual(layers: 4, network: .lipschitz(hidden: [32]))),
  ("FFJORD", .ffjord(hidden: [32], tolerance: 1e-4)),
  ("OT-Flow", .otFlow(width: 16, tolerance: 1e-4)),
]

/// How far below the log evidence of each toy target the ELBO of each architecture's guide ends, in
/// nats, as lines of a table. An ELBO above the evidence by more than four standard errors, which a
/// wrong log determinant would give, is marked.
///
/// - Parameters:
///   - heat: the factor of the log density at the start, which is 1 after half of the steps.
///   - only: the beginning of the names of the rows wanted.
func reportToys(steps: Int, heat: Double, only: String) throws {
  print("| gap in nats | " + ToyTarget.all.map { "\($0)" }.joined(separator: " | ") + " |")
  print("|---|" + String(repeating: "---:|", count: ToyTarget.all.count))
  for (name, flow) in architectures where name.hasPrefix(only) {
    let cells = try ToyTarget.all.map { target -> String in
      let model =
        heat < 1 ? annealed(target.model, from: heat, steps: steps / 2) : target.model
      let fit = try SVI(
        model, FlowGuide(flow: flow, start: .at(scale: 1)),
        optimizer: Adam(.cosine(0.01, steps: steps), beta2: 0.99),
        loss: TraceELBO(particles: 64), seed: 0
      ).run(steps: steps, showsProgress: false)
      let (elbo, error) = try fit.elbo(particles: 20_000)
      let gap = target.logEvidence - elbo
      return String(format: "%.4f", gap) + (gap < -4 * error ? " too high" : "")
    }
    print("| \(name) | " + cells.joined(separator: " | ") + " |")
    // Rows take minutes: show each when it is there.
    fflush(nil)
  }
}

private func annealed(
  _ model: @escaping () -> Void, from start: Double, steps: Int
) -> () -> Void {
  {
    let heat = mutable("heat", Tensor(floatLiteral: start))
    assign("heat", minimum(heat + 1 / Double(max(steps, 1)), 1))
    scaled(by: heat, model)
  }
}
