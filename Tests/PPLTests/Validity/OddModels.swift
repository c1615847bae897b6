import PPL

/// Models and guides that go together, but hardly as they were meant to.
enum OddModels {
  static let cases: [ValidityCase] = parameters + scales + marks

  private static let some: [any Objective] = [
    TraceELBO(), TraceELBO(particles: 3), TraceMeanFieldELBO(), TraceGraphELBO(),
  ]

  private static let parameters: [ValidityCase] =
    ValidityCase.warns(
      "a parameter of the guide that is not used", [.unusedParameter("scale")],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        param("scale", 1, constraint: .positive)
        sample("z", Normal(param("loc", 0.1), 1))
      })
    + ValidityCase.warns(
      "a parameter of the model that is not used", [.unusedParameter("noise")],
      model: {
        let z = sample("z", Normal(0, 1))
        deterministic("sum", z + param("noise", 1))
      }, guide: { _ = sample("z", Normal(param("loc", 0.1), 1)) })
    + ValidityCase.warns(
      "a parameter behind a mask", [.unusedParameter("z_scale"), .unusedParameter("z_loc")], some,
      model: { masked(false) { _ = sample("z", Normal(0, 1)) } },
      guide: { masked(false) { ValidModels.normal("z") } })

  private static let scales: [ValidityCase] =
    ValidityCase.warns(
      "a scale in the model only",
      [.differentScales("z", model: 0.1, guide: 1)], some,
      model: {
        scaled(by: 0.1) { sample("x", Normal(sample("z", Normal(0, 1)), 1), observed: 1) }
      }, guide: { ValidModels.normal("z") })
    + ValidityCase.warns(
      "a subset that the guide does not know of", [.differentScales("z", model: 4.5, guide: 1)],
      some,
      model: { plate("rows", 9, subsampleSize: 2) { _ in _ = sample("z", Normal(0, 1)) } },
      guide: { ValidModels.normal("z", [2]) })
    + ValidityCase.warns(
      "a subset of a plate by another name", [.subsetOfGuide(plate: "row")], some,
      model: { plate("rows", 9, subsampleSize: 2) { _ in _ = sample("z", Normal(0, 1)) } },
      guide: { plate("row", 9, subsampleSize: 2) { _ in ValidModels.normal("z", [2]) } })
    + ValidityCase.warns(
      "a subset in the guide only", [.subsetOfGuide(plate: "rows")], some,
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        plate("rows", 10, subsampleSize: 5) { _ in }
        ValidModels.normal("z")
      })

  private static let marks: [ValidityCase] =
    ValidityCase.warns(
      "a site that the guide marks for summation, drawn", [.drawnDespiteMark("z")],
      Objectives.scoring,
      model: { _ = sample("z", Bernoulli(probs: 0.3)) },
      guide: {
        let p = param("p", 0.4, constraint: .unitInterval)
        sample("z", Bernoulli(probs: p), infer: .enumerate())
      })
}
