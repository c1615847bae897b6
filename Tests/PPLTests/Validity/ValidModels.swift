import PPL

/// Models and guides that go together.
enum ValidModels {
  static let data = Tensor([1.0, -0.5, 0.3, 2.1])

  static let cases: [ValidityCase] =
    basic + plates + subsets + handlers + discrete + branching + layouts + kinds + enumerations

  @Sendable static func normal(_ name: String, _ shape: Shape = []) {
    let scale = param("\(name)_scale", Tensor.full(shape, 0.7), constraint: .positive)
    sample(name, Normal(param("\(name)_loc", Tensor.full(shape, 0.2)), scale))
  }

  private static let basic: [ValidityCase] =
    ValidityCase.fits(
      "nothing at all", [TraceELBO(), TraceGraphELBO()], model: {}, guide: {})
    + ValidityCase.fits(
      "data only", [TraceELBO(), TraceMeanFieldELBO()],
      model: { sample("x", Normal(param("loc", 0), 1), observed: 1) }, guide: {})
    + ValidityCase.fits(
      "one site",
      model: {
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 1), observed: 1)
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "a guide without parameters", [TraceELBO(), TraceMeanFieldELBO(), TraceGraphELBO()],
      model: { _ = sample("z", Normal(param("loc", 0.1), 1)) },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fits(
      "a parameter in both",
      model: { _ = sample("z", Normal(param("loc", 0.5), 1)) },
      guide: { _ = sample("z", Normal(param("loc", 0.5), param("s", 1, constraint: .positive))) })
    + ValidityCase.fits(
      "auxiliary draws", [TraceELBO(), TraceGraphELBO(), RenyiELBO(particles: 3)],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        let noise = sample("noise", Normal(param("loc", 0), 1), infer: .auxiliary)
        sample("z", Normal(noise, 0.5))
      })
    + ValidityCase.fits(
      "factors", [TraceELBO(), TraceMeanFieldELBO(), TraceGraphELBO(), RenyiELBO(particles: 2)],
      model: { factor("f", -square(sample("z", Normal(0, 1)))) }, guide: { normal("z") })
    + ValidityCase.fits(
      "deterministic sites",
      model: { deterministic("twice", 2 * sample("z", Normal(0, 1))) }, guide: { normal("z") })
    + ValidityCase.fits(
      "events",
      model: { _ = sample("z", Normal(Tensor.zeros([3]), 1).toEvent(1)) },
      guide: {
        let loc = param("loc", Tensor([0.1, 0.2, 0.3]))
        sample("z", Normal(loc, 0.5).toEvent(1))
      })

  private static let plates: [ValidityCase] =
    ValidityCase.fits(
      "a plate",
      model: {
        plate("rows", 4) {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: data)
        }
      }, guide: { plate("rows", 4) { normal("z", [4]) } })
    + ValidityCase.fits(
      "a plate in the model only",
      model: { plate("rows", 4) { _ = sample("z", Normal(0, 1)) } }, guide: { normal("z", [4]) })
    + ValidityCase.fits(
      "nested plates, axes exchanged in the guide", [TraceELBO(), TraceGraphELBO()],
      model: { plate("a", 2) { plate("b", 3) { _ = sample("z", Normal(0, 1)) } } },
      guide: {
        plate("b", 3, axis: -2) { plate("a", 2, axis: -1) { normal("z", [3, 2]) } }
      })
    + ValidityCase.fits(
      "plates one after another",
      model: {
        plate("a", 2) { _ = sample("y", Normal(0, 1)) }
        plate("b", 3) { _ = sample("z", Normal(0, 1)) }
      },
      guide: {
        plate("a", 2) { normal("y", [2]) }
        plate("b", 3) { normal("z", [3]) }
      })
    + ValidityCase.fits(
      "a plate entered twice",
      model: {
        plate("rows", 2) { _ = sample("y", Normal(0, 1)) }
        plate("rows", 2) { _ = sample("z", Normal(0, 1)) }
      },
      guide: {
        plate("rows", 2) { normal("y", [2]) }
        plate("rows", 2) { normal("z", [2]) }
      })
    + ValidityCase.fits(
      "a sequential plate",
      model: { sequentialPlate("rows", 3) { sample("z\($0)", Normal(0, 1)) } },
      guide: { sequentialPlate("rows", 3) { normal("z\($0)") } })
    + ValidityCase.fits(
      "a plate in a sequential plate",
      model: {
        sequentialPlate("outer", 2) { index in
          plate("inner", 3) { _ = sample("z\(index)", Normal(0, 1)) }
        }
      },
      guide: {
        sequentialPlate("outer", 2) { index in plate("inner", 3) { normal("z\(index)", [3]) } }
      })

  private static let subsets: [ValidityCase] =
    ValidityCase.fits(
      "a subset",
      [
        TraceELBO(), TraceELBO(particles: 3), TraceMeanFieldELBO(), TraceGraphELBO(),
        TraceEnumELBO(),
      ],
      model: {
        let z = sample("z", Normal(0, 1))
        plate("rows", 4, subsampleSize: 2) { index in
          sample("x", Normal(z, 1), observed: data.gathered(index))
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "a subset of local sites",
      [TraceELBO(), TraceMeanFieldELBO(), TraceGraphELBO(), TraceELBO(particles: 2)],
      model: {
        plate("rows", 4, subsampleSize: 2) { index in
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: data.gathered(index))
        }
      },
      guide: {
        plate("rows", 4, subsampleSize: 2) { _ in
          sample("z", Normal(param("loc", Tensor.zeros([4]), eventRank: 0), 0.5))
        }
      })
    + ValidityCase.fits(
      "a subset of a sequential plate", [TraceELBO(), TraceGraphELBO()],
      model: {
        let z = sample("z", Normal(0, 1))
        sequentialPlate("rows", 4, subsampleSize: 2) { index in
          sample("x\(index)", Normal(z, 1), observed: data[index])
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "missing data", [TraceELBO(), TraceGraphELBO()],
      model: {
        plate("rows", 4) {
          let known = Tensor([true, true, false, true])
          sample("x", Normal(0, 1), observed: data, observedMask: known)
        }
      },
      guide: { plate("rows", 4) { normal("x_unobserved", [4]) } })

  private static let handlers: [ValidityCase] =
    ValidityCase.fits(
      "masks",
      model: {
        plate("rows", 4) {
          masked(Tensor([true, false, true, true])) { _ = sample("z", Normal(0, 1)) }
        }
      },
      guide: {
        plate("rows", 4) { masked(Tensor([true, false, true, true])) { normal("z", [4]) } }
      })
    + ValidityCase.fits(
      "scales", model: { scaled(by: 3) { _ = sample("z", Normal(0, 1)) } },
      guide: { scaled(by: 3) { normal("z") } })
    + ValidityCase.fits(
      "a site hidden from inference", [TraceELBO(), TraceGraphELBO()],
      model: {
        let noise = block { sample("noise", Normal(0, 1)) }
        sample("x", Normal(sample("z", Normal(0, 1)) + noise, 1), observed: 1)
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "a lifted parameter", [TraceELBO(), TraceMeanFieldELBO(), TraceGraphELBO()],
      model: {
        lift(["loc": Normal(0, 1)]) {
          sample("x", Normal(param("loc", 0), 1), observed: 1)
        }
      }, guide: { normal("loc") })
    + ValidityCase.fits(
      "scopes", [TraceELBO(), TraceGraphELBO()],
      model: { scope("a") { plate("rows", 2) { _ = sample("z", Normal(0, 1)) } } },
      guide: { scope("a") { plate("rows", 2) { normal("z", [2]) } } })
    + ValidityCase.fits(
      "a reparameterised site", [TraceELBO(), TraceGraphELBO(), TraceMeanFieldELBO()],
      model: {
        reparam(["z": LocScaleReparam(centered: 0)]) { _ = sample("z", Normal(1, 2)) }
      }, guide: { normal("z_decentered") })
    + ValidityCase.fits(
      "an intervention", [TraceELBO(), TraceGraphELBO()],
      model: {
        intervene(["z": 2]) {
          sample("x", Normal(sample("z", Normal(0, 1)), 1), observed: 1)
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "a mutable value", [TraceELBO(), TraceGraphELBO()],
      model: {
        let z = sample("z", Normal(0, 1))
        assign("mean", 0.5 * mutable("mean", 0) + 0.5 * z)
      }, guide: { normal("z") })

  private static let discrete: [ValidityCase] =
    ValidityCase.fits(
      "a discrete site", Objectives.scoring,
      model: {
        let z = sample("z", Bernoulli(probs: 0.3))
        sample("x", Normal(z, 1), observed: 1)
      },
      guide: {
        sample("z", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)))
      })
    + ValidityCase.fits(
      "discrete sites in a plate", [TraceELBO(), TraceGraphELBO(), TraceELBO(particles: 3)],
      model: {
        plate("rows", 4) {
          let z = sample("z", Bernoulli(probs: 0.3))
          sample("x", Normal(z, 1), observed: data)
        }
      },
      guide: {
        plate("rows", 4) {
          let p = param("p", Tensor.full([4], 0.4), constraint: .unitInterval)
          sample("z", Bernoulli(probs: p))
        }
      })
    + ValidityCase.fits(
      "a score-function gradient by choice", [TraceELBO(), TraceGraphELBO()],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: { _ = sample("z", Normal(param("loc", 0.3), 1), infer: .scoreFunction) })
    + ValidityCase.fits(
      "baselines", [TraceGraphELBO()],
      model: {
        let z = sample("z", Bernoulli(probs: 0.3))
        sample("x", Normal(z, 1), observed: 1)
      },
      guide: {
        sample(
          "z", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)),
          infer: .baseline(.decayingAverage()))
      })
    + ValidityCase.fits(
      "a site summed out in the guide", [TraceEnumELBO()],
      model: {
        let z = sample("z", Bernoulli(probs: 0.3))
        sample("x", Normal(z, 1), observed: 1)
      },
      guide: {
        sample(
          "z", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)), infer: .enumerate())
      })
    + ValidityCase.fits(
      "a site summed out in the model", [TraceEnumELBO()],
      model: {
        let z = sample(
          "z", Bernoulli(probs: param("p", 0.3, constraint: .unitInterval)),
          infer: .enumerate())
        sample("x", Normal(z, 1), observed: 1)
      }, guide: {})

  private static let branching: [ValidityCase] =
    ValidityCase.fits(
      "a branch on a draw", [TraceELBO(), TraceELBO(particles: 2), TraceGraphELBO()],
      model: {
        let z = sample("z", Bernoulli(probs: 0.5))
        if z.scalar() > 0.5 { sample("y", Normal(0, 1)) }
      },
      guide: {
        let z = sample("z", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)))
        if z.scalar() > 0.5 { normal("y") }
      })
    + ValidityCase.fits(
      "a loop of random length", [TraceELBO(), TraceGraphELBO()],
      model: {
        var step = 0
        while sample("again\(step)", Bernoulli(probs: 0.4)).scalar() > 0.5 { step += 1 }
      },
      guide: {
        let p = param("p", 0.5, constraint: .unitInterval)
        var step = 0
        while sample("again\(step)", Bernoulli(probs: p)).scalar() > 0.5 { step += 1 }
      })
}
