import FlowGuides
import Models
import TestSupport
import Testing

/// Models in the coordinates of a fitted flow, with sites in plates and on a simplex.
@Suite struct NeuTraTests {
  struct Subject: Sendable {
    let model: @Sendable () -> Void
    let dimension: Int
    /// Coordinates of the density: values of the model's sites, without those that follow from others.
    let coordinates: @Sendable (Trace) -> Tensor
  }

  static let subjects = [
    Subject(model: EightSchools.nonCentered, dimension: 10) { trace in
      concat(["mu", "tau", "eta"].map { trace[$0]!.value!.flattened() })
    },
    Subject(
      model: {
        let shares = sample("shares", Dirichlet([2, 1, 3]))
        plate("rows", 2) {
          let rate = sample("rate", LogNormal(0.2, 0.7))
          sample("x", Normal(rate * shares[0], 0.5), observed: [0.7, 1.9])
        }
      }, dimension: 4
    ) { trace in concat([trace["shares"]!.value![0..<2], trace["rate"]!.value!]) },
  ]

  /// The density of the base is that of the values times the determinant of the map to them, here of
  /// central differences (their error is below 1e-8).
  @Test(arguments: subjects.indices, [0, 1]) func changeOfVariables(
    _ index: Int, _ flow: Int
  ) throws {
    let subject = Self.subjects[index]
    let guide = FlowGuide(flow: flow == 0 ? .iaf(layers: 2, hidden: [16]) : .nsf(hidden: [16]))
    let fit = try SVI(subject.model, guide, optimizer: Adam(0.02), seed: 3)
      .run(steps: 30, showsProgress: false)
    func run(_ base: [Double]) throws -> Trace {
      try seeded(key: RandomKey(1)) {
        try trace {
          substitute(["_auto_latent_base": Tensor(base)]) {
            NeuTraReparam(fit).reparam(subject.model)()
          }
        }
      }
    }
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2 {
      let base = generator.uniform(subject.dimension, in: -1.5...1.5)
      let columns = try base.indices.map { axis -> Tensor in
        let ends = try [1e-5, -1e-5].map { offset -> Tensor in
          var moved = base
          moved[axis] += offset
          return subject.coordinates(try run(moved))
        }
        return (ends[0] - ends[1]) / 2e-5
      }
      let found = try run(base)
      let values = found.sites.filter { $0.kind == .deterministic }.compactMap { site in
        site.value.map { (site.name, $0) }
      }
      let joint = try trace {
        condition(Dictionary(uniqueKeysWithValues: values), subject.model)
      }.logProbSum()
      let expected = joint + slogdet(stack(columns)).logAbs
      expectClose(
        found.logProbSum(), [expected.scalar()], within: .relative(1e-7, absolute: 1e-7))
    }
  }
}
