import PPL

/// Models and guides that do not go together, and what is said about it.
enum InvalidModels {
  static let cases: [ValidityCase] = names + shapes + plates + draws + structures

  private static let names: [ValidityCase] =
    ValidityCase.fails(
      "two sites of one name in the model", ["\"z\"", "two sites"],
      model: {
        sample("z", Normal(0, 1))
        sample("z", Normal(0, 1))
      }, guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "two sites of one name in the guide", ["\"z\"", "two sites"],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        sample("z", Normal(0, 1))
        sample("z", Normal(0, 1))
      })
    + ValidityCase.fails(
      "a parameter named like a site", ["\"z\""],
      model: { _ = sample("z", Normal(param("z", 0), 1)) },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a deterministic site named like a sample", ["\"z\""],
      model: { deterministic("z", sample("z", Normal(0, 1))) },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a plate's subset named like a site", ["\"z\""],
      model: {
        sample("z", Normal(0, 1))
        plate("z", 4, subsampleSize: 2) { _ in }
      }, guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a site missing in the guide", ["\"y\"", "missing in the guide", "sample"],
      model: {
        sample("z", Normal(0, 1))
        sample("y", Normal(0, 1))
      }, guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a site missing in the model", ["\"y\"", "missing in the model"],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        sample("z", Normal(0, 1))
        sample("y", Normal(0, 1))
      })
    + ValidityCase.fails(
      "an observed site in the guide", ["\"x\""],
      model: { sample("x", Normal(0, 1), observed: 1) },
      guide: { sample("x", Normal(0, 1), observed: 1) })
    + ValidityCase.fails(
      "a site conditioned in the model, drawn in the guide", ["\"z\""],
      model: { condition(["z": 1]) { _ = sample("z", Normal(0, 1)) } },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "data unconditioned", ["\"x\"", "missing in the guide"],
      model: { uncondition { sample("x", Normal(0, 1), observed: 1) } }, guide: {})
    + ValidityCase.fails(
      "a lifted parameter without a guide", ["\"loc\""],
      model: { lift(["loc": Normal(0, 1)]) { param("loc", 0) } }, guide: {})
    + ValidityCase.fails(
      "a scope in the model only", ["\"a/z\""],
      model: { scope("a") { _ = sample("z", Normal(0, 1)) } },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a reparameterised site drawn under its own name", ["\"z_decentered\""],
      model: {
        reparam(["z": LocScaleReparam(centered: 0)]) { _ = sample("z", Normal(1, 2)) }
      }, guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a sequential plate met by a plate", ["\"z"],
      model: { sequentialPlate("rows", 2) { sample("z\($0)", Normal(0, 1)) } },
      guide: { plate("rows", 2) { _ = sample("z", Normal(0, 1)) } })
    + ValidityCase.fails(
      "a summed-out site without summation", ["\"z\"", "missing in the guide"],
      model: { _ = sample("z", Bernoulli(probs: 0.3), infer: .enumerate()) }, guide: {})

  private static let shapes: [ValidityCase] =
    ValidityCase.fails(
      "a scalar for a vector", ["\"z\"", "[3]", "[]"],
      model: { plate("rows", 3) { _ = sample("z", Normal(0, 1)) } },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a vector for a scalar", ["\"z\"", "[3]", "[]"],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: { _ = sample("z", Normal(Tensor.zeros([3]), 1).toEvent(1)) })
    + ValidityCase.fails(
      "vectors of different lengths", ["\"z\"", "[3]", "[4]"],
      model: { _ = sample("z", Normal(Tensor.zeros([3]), 1).toEvent(1)) },
      guide: { _ = sample("z", Normal(Tensor.zeros([4]), 1).toEvent(1)) })
    + ValidityCase.fails(
      "axes the other way round", ["\"z\"", "[2, 3]", "[3, 2]"],
      model: { plate("a", 2) { plate("b", 3, axis: -2) { _ = sample("z", Normal(0, 1)) } } },
      guide: { plate("b", 3) { plate("a", 2, axis: -2) { _ = sample("z", Normal(0, 1)) } } })

  private static let plates: [ValidityCase] =
    ValidityCase.fails(
      "a plate of another size", ["[3]", "[4]"],
      model: { plate("rows", 3) { _ = sample("z", Normal(0, 1)) } },
      guide: { plate("rows", 4) { _ = sample("z", Normal(0, 1)) } })
    + ValidityCase.fails(
      "a subset of another size", ["[2]", "[3]"],
      model: { plate("rows", 9, subsampleSize: 2) { _ in _ = sample("z", Normal(0, 1)) } },
      guide: { plate("rows", 9, subsampleSize: 3) { _ in _ = sample("z", Normal(0, 1)) } })
    + ValidityCase.fails(
      "a subset in the model only", ["[2]", "[9]"],
      model: { plate("rows", 9, subsampleSize: 2) { _ in _ = sample("z", Normal(0, 1)) } },
      guide: { plate("rows", 9) { _ = sample("z", Normal(0, 1)) } })
    + ValidityCase.fails(
      "plates of one name and two sizes, without sites in common",
      ["plate \"rows\"", "of 3", "of 4"],
      model: {
        sample("z", Normal(0, 1))
        plate("rows", 3) { _ = sample("x", Normal(0, 1), observed: Tensor([1.0, 2, 3])) }
      },
      guide: {
        sample("z", Normal(0, 1))
        plate("rows", 4) { _ = sample("noise", Normal(0, 1), infer: .auxiliary) }
      })

  private static let draws: [ValidityCase] =
    ValidityCase.fails(
      "a subset where whole runs are weighed", ["\"rows\"", "subsampled"],
      [
        RenyiELBO(alpha: 0, particles: 3), ReweightedWakeSleep(particles: 3),
        TailAdaptiveELBO(particles: 3),
      ],
      model: {
        let z = sample("z", Normal(0, 1))
        plate("rows", 4, subsampleSize: 2) { index in
          sample("x", Normal(z, 1), observed: 0 * index)
        }
      }, guide: { sample("z", Normal(param("loc", 0), 1)) })
    + ValidityCase.fails(
      "a discrete draw where a derivative is needed", ["\"z\"", "reparameterised"],
      [TraceMeanFieldELBO(), TailAdaptiveELBO(particles: 3)],
      model: { _ = sample("z", Bernoulli(probs: 0.3)) },
      guide: {
        _ = sample("z", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)))
      })
}
