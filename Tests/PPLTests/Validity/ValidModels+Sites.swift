import PPL

/// Kinds of sites, and of handlers around them.
extension ValidModels {
  static let kinds: [ValidityCase] = guides + handled + scored

  private static let some: [any Objective] = [
    TraceELBO(), TraceELBO(particles: 3), TraceMeanFieldELBO(), TraceGraphELBO(),
  ]

  @Sendable private static func pair() {
    let y = sample("y", Normal(0, 1))
    let z = sample("z", Normal(y, 1))
    sample("x", Normal(z, 1), observed: 1)
  }

  private static let guides: [ValidityCase] =
    ValidityCase.fits(
      "sites in another order in the guide", model: pair,
      guide: {
        normal("z")
        normal("y")
      })
    + ValidityCase.fits(
      "a guide that turns the dependence round", model: pair,
      guide: {
        let z = sample("z", Normal(param("loc", 0.2), 0.7))
        sample("y", Normal(param("slope", 0.5) * z, 0.7))
      })
    + ValidityCase.fits(
      "a model that is its own guide", some, model: { _ = sample("z", Normal(0, 1)) },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fits(
      "point masses", some, model: pair,
      guide: {
        sample("y", Delta(param("y_at", 0.3)))
        sample("z", Delta(param("z_at", 0.2)))
      })
    + ValidityCase.fits(
      "a point mass beside a normal", some, model: pair,
      guide: {
        sample("y", Delta(param("y_at", 0.3)))
        normal("z")
      })
    + ValidityCase.fits(
      "a deterministic site in the guide", model: pair,
      guide: {
        normal("y")
        let loc = deterministic("loc", 2 * param("half", 0.1))
        sample("z", Normal(loc, 0.5))
      })
    + ValidityCase.fits(
      "a factor in the guide", [TraceELBO(), TraceELBO(particles: 3), TraceMeanFieldELBO()],
      model: pair,
      guide: {
        normal("y")
        normal("z")
        factor("penalty", -square(param("y_loc", 0.2)))
      })
    + ValidityCase.fits(
      "a discrete draw of the guide alone",
      [TraceELBO(), TraceGraphELBO(), RenyiELBO(particles: 3)],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        let side = sample(
          "side", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)), infer: .auxiliary)
        sample("z", Normal(side, 0.5))
      })
    + ValidityCase.fits(
      "an auxiliary draw that the model has too", some,
      model: { _ = sample("z", Normal(0, 1)) },
      guide: { _ = sample("z", Normal(param("loc", 0), 0.5), infer: .auxiliary) })
    + ValidityCase.fits(
      "another support inside the model's", some,
      model: { _ = sample("z", Gamma(2, 1)) },
      guide: { _ = sample("z", LogNormal(param("loc", 0.1), 0.5)) })

  private static let handled: [ValidityCase] =
    ValidityCase.fits(
      "a guide that reads what the model observes",
      Objectives.differentiable + [0, 0.5].map { ReweightedWakeSleep(insomnia: $0) },
      model: {
        plate("rows", 4) {
          sample("x", Normal(sample("z", Normal(0, 1)), 1), observed: data)
        }
      }, guide: { plate("rows", 4) { _ = sample("z", Normal(param("w", 0.3) * data, 0.7)) } })
    + ValidityCase.fits(
      "a site conditioned in the model", some,
      model: { condition(["y": 0.3], pair) }, guide: { normal("z") })
    + ValidityCase.fits(
      "data unconditioned, drawn in the guide", some,
      model: { uncondition(pair) },
      guide: { for name in ["x", "y", "z"] { normal(name) } })
    + ValidityCase.fits(
      "data unconditioned and conditioned again", some,
      model: { condition(["x": 2]) { uncondition(pair) } },
      guide: { for name in ["y", "z"] { normal(name) } })
    + ValidityCase.fits(
      "an intervention on data", [TraceELBO(), TraceGraphELBO()],
      model: { intervene(["x": 2], pair) }, guide: { for name in ["y", "z"] { normal(name) } })
    + ValidityCase.fits(
      "a parameter substituted", some,
      model: {
        substitute(["scale": 2]) {
          let z = sample("z", Normal(0, param("scale", 1, constraint: .positive)))
          sample("x", Normal(z, 1), observed: 1)
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "a transformed site", [TraceELBO(), TraceGraphELBO(), TraceMeanFieldELBO()],
      model: {
        reparam(["z": TransformReparam()]) {
          sample("z", TransformedDistribution(Normal(1, 2), [Exp()]))
        }
      }, guide: { normal("z_base") })
    + ValidityCase.fits(
      "a learned centring", [TraceELBO(), TraceGraphELBO(), TraceMeanFieldELBO()],
      model: { reparam(["z": LocScaleReparam()]) { _ = sample("z", Normal(1, 2)) } },
      guide: { normal("z_decentered") })
    + ValidityCase.fits(
      "a scale inside a subset", some,
      model: {
        plate("rows", 4, subsampleSize: 2) { _ in
          scaled(by: 0.5) { _ = sample("z", Normal(0, 1)) }
        }
      },
      guide: {
        plate("rows", 4, subsampleSize: 2) { _ in scaled(by: 0.5) { normal("z", [2]) } }
      })
    + ValidityCase.fits(
      "masked data outside the support", some,
      model: {
        let z = sample("z", Normal(0, 1))
        plate("rows", 2) {
          masked(Tensor([true, false])) {
            sample("x", Gamma(exp(z), 1), observed: Tensor([1.0, -1]))
          }
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "modules in model and guide", some,
      model: {
        let net = module("net") { $0 * param("weight", 0.3) }
        sample("x", Normal(net(sample("z", Normal(0, 1))), 1), observed: 1)
      },
      guide: {
        let net = module("encoder") { $0 * param("weight", 0.2) }
        sample("z", Normal(net(1), 0.7))
      })

  private static let scored: [ValidityCase] =
    ValidityCase.fits(
      "a count", Objectives.scoring,
      model: {
        let z = sample("z", Poisson(3))
        sample("x", Normal(z, 1), observed: 1)
      }, guide: { _ = sample("z", Poisson(param("rate", 2, constraint: .positive))) })
    + ValidityCase.fits(
      "a discrete draw and a normal one that depends on it",
      [TraceELBO(), TraceELBO(particles: 3), TraceGraphELBO(), RenyiELBO(particles: 3)],
      model: {
        let side = sample("side", Bernoulli(probs: 0.3))
        sample("z", Normal(side, 1))
      },
      guide: {
        let side = sample("side", Bernoulli(probs: param("p", 0.4, constraint: .unitInterval)))
        sample("z", Normal(param("slope", 0.5) * side, param("s", 1, constraint: .positive)))
      })
    + ValidityCase.fits(
      "discrete data", some,
      model: {
        let z = sample("z", Normal(0, 1))
        plate("rows", 3) {
          sample("x", Bernoulli(logits: z), observed: Tensor([1.0, 0, 1]))
        }
      }, guide: { normal("z") })
}
