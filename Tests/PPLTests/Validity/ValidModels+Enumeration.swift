import PPL

/// Discrete sites summed out, in the guide, in the model, or in both.
extension ValidModels {
  static let enumerations: [ValidityCase] = inGuide + inModel + chains

  private static let sums: [any Objective] = [TraceEnumELBO(), TraceEnumELBO(particles: 3)]

  @discardableResult
  @Sendable private static func coin(_ name: String, _ probs: Tensor = 0.3) -> Tensor {
    sample(name, Bernoulli(probs: probs))
  }

  @discardableResult
  @Sendable private static func guess(_ name: String) -> Tensor {
    sample(name, Bernoulli(probs: param("\(name)_p", 0.4, constraint: .unitInterval)))
  }

  private static let inGuide: [ValidityCase] =
    ValidityCase.fits(
      "two sites, one after the other", sums,
      model: {
        coin("y")
        coin("z")
      },
      guide: {
        configEnumerate(.sequential) {
          guess("y")
          guess("z")
        }
      })
    + ValidityCase.fits(
      "two sites at once, one depending on the other", sums,
      model: { coin("z", 0.2 + 0.5 * coin("y")) },
      guide: {
        configEnumerate {
          let y = guess("y")
          let p = param("p", 0.3, constraint: .unitInterval)
          sample("z", Bernoulli(probs: 0.5 * p + 0.4 * y))
        }
      })
    + ValidityCase.fits(
      "one at once and one after the other", sums,
      model: { coin("z", 0.2 + 0.5 * coin("y")) },
      guide: {
        _ = configEnumerate(.sequential) { guess("y") }
        _ = configEnumerate { guess("z") }
      })
    + ValidityCase.fits(
      "one-hot vectors", sums,
      model: {
        sample("y", OneHotCategorical(probs: [0.5, 0.5]))
        sample("z", OneHotCategorical(probs: [0.2, 0.3, 0.5]))
      },
      guide: {
        configEnumerate {
          for (name, count) in [("y", 2), ("z", 3)] {
            let logits = param("\(name)_logits", Tensor.zeros([count]))
            sample(name, OneHotCategorical(logits: logits))
          }
        }
      })
    + ValidityCase.fits(
      "sites of a sequential plate's subset", [TraceEnumELBO()],
      model: { _ = sequentialPlate("rows", 6, subsampleSize: 3) { coin("z\($0)") } },
      guide: {
        configEnumerate {
          _ = sequentialPlate("rows", 6, subsampleSize: 3) { guess("z\($0)") }
        }
      })
    + ValidityCase.fits(
      "a plate's subset summed over", sums,
      model: { plate("rows", 10, subsampleSize: 5) { _ in coin("z") } },
      guide: { configEnumerate { plate("rows", 10, subsampleSize: 5) { _ in guess("z") } } })
    + ValidityCase.fits(
      "categories in nested plates", sums, model: { categories { _, _ in nil } },
      guide: {
        configEnumerate { categories { param("\($0)_logits", Tensor.zeros([$1])) } }
      })
    + ValidityCase.fits(
      "nothing to sum over", sums, model: { _ = sample("z", Normal(0, 1)) },
      guide: { configEnumerate { normal("z") } })
    + ValidityCase.fits(
      "a site that is drawn before one that is summed over", sums,
      model: {
        let y = plate("drawn", 2) { coin("y") }
        plate("summed", 3) { coin("z", (1 + y.sum()) / 4) }
      },
      guide: {
        plate("drawn", 2) { guess("y") }
        plate("summed", 3) { configEnumerate { guess("z") } }
      })
    + ValidityCase.fits(
      "plates that cross, without dependence", sums, model: crossing,
      guide: { configEnumerate(.parallel, crossing) })

  /// Categories of 2, 3 and 4 kinds, each inside of the plates of those before.
  @Sendable private static func categories(_ logits: (String, Int) -> Tensor?) {
    func draw(_ name: String, _ count: Int) {
      sample(
        name, Categorical(logits: logits(name, count) ?? Tensor.arange(count).cast(to: .float64)))
    }
    draw("x", 2)
    plate("outer", 3) {
      draw("y", 3)
      plate("inner", 2) { draw("z", 4) }
    }
  }

  @Sendable private static func crossing() {
    coin("w")
    plate("a", 4, axis: -1) { coin("x") }
    plate("b", 3, axis: -2) { coin("y") }
    plate("a", 4, axis: -1) { plate("b", 3, axis: -2) { coin("z") } }
  }

  private static let inModel: [ValidityCase] =
    ValidityCase.fits(
      "drawn, summed in the guide and summed in the model, in turn", sums,
      model: { chain { coin("c", $0) } }, guide: { chainGuide() })
    + ValidityCase.fits(
      "the same in a plate", sums,
      model: { chain(inPlate: true) { coin("c", $0) } }, guide: { chainGuide(inPlate: true) })
    + ValidityCase.fits(
      "two plates, each with a sum of its own", sums,
      model: {
        configEnumerate {
          for (name, heads) in [("a", [0.0, 1]), ("b", [0.0, 0])] {
            let side = coin("side_\(name)")
            let p = param("p", 0.3, constraint: .unitInterval)
            plate("plate_\(name)", 2) {
              sample("x_\(name)", Bernoulli(probs: p + 0.2 * side), observed: Tensor(heads))
            }
          }
        }
      }, guide: {})
    + ValidityCase.fits(
      "a mixture with drawn locations", sums,
      model: {
        let locs = plate("components", 2) { sample("loc", Normal(0, 3)) }
        plate("rows", 4) {
          let of = sample("of", Categorical(probs: [0.4, 0.6]), infer: .enumerate())
          sample("x", Normal(locs.gathered(of.cast(to: .int64)), 1), observed: data)
        }
      }, guide: { plate("components", 2) { normal("loc", [2]) } })
    + ValidityCase.fits(
      "a scale around the whole sum", sums,
      model: {
        scaled(by: 2) {
          configEnumerate {
            let side = coin("side")
            sample("x", Normal(side, 1), observed: 1)
          }
        }
      }, guide: {})

  /// c and f are summed out in the model, b and e in the guide; the others are drawn.
  @Sendable private static func chain(
    inPlate: Bool = false, _ summed: @Sendable (Tensor) -> Tensor
  ) {
    let p = param("p", 0.25, constraint: .unitInterval)
    let a = coin("a", p)
    let b = coin("b", 0.5 * (p + a / 2))
    func rest() {
      let c = configEnumerate { summed(0.5 * (p + b / 2)) }
      let d = coin("d", 0.5 * (p + c / 2))
      let e = coin("e", 0.5 * (p + d / 2))
      let f = configEnumerate { coin("f", 0.5 * (p + e / 2)) }
      sample("g", Bernoulli(probs: 0.5 * (p + f / 2)), observed: 0)
    }
    if inPlate { plate("rows", 3, rest) } else { rest() }
  }

  @Sendable private static func chainGuide(inPlate: Bool = false) {
    let b = configEnumerate { coin("b", 0.3 + 0.2 * guess("a")) }
    func rest() {
      let d = coin("d", 0.3 + 0.2 * b)
      configEnumerate { _ = coin("e", 0.3 + 0.2 * d) }
    }
    if inPlate { plate("rows", 3, rest) } else { rest() }
  }

  /// Chains of hidden states, whose values are 0 and 1.
  private static let chains: [ValidityCase] =
    ValidityCase.fits(
      "a Markov chain", sums,
      model: {
        configEnumerate {
          var state: Tensor = 0
          markov(0..<4) { step in
            state = coin("state\(step)", 0.3 + 0.5 * state)
            sample("x\(step)", Normal(state, 1), observed: data[step])
          }
        }
      }, guide: {})
    + ValidityCase.fits(
      "a chain of two steps' memory", sums,
      model: {
        configEnumerate {
          var states: [Tensor] = [0, 0]
          markov(0..<4, history: 2) { step in
            let p = 0.2 + 0.3 * states[step] + 0.4 * states[step + 1]
            states.append(coin("state\(step)", p))
            sample("x\(step)", Normal(states[step + 2], 1), observed: data[step])
          }
        }
      }, guide: {})
    + ValidityCase.fits(
      "two chains, one driving the other", sums,
      model: {
        configEnumerate {
          var (y, z): (Tensor, Tensor) = (0, 0)
          markov(0..<4) { step in
            y = coin("y\(step)", 0.3 + 0.5 * y)
            z = coin("z\(step)", 0.2 + 0.3 * y + 0.4 * z)
            sample("x\(step)", Normal(z, 1), observed: data[step])
          }
        }
      }, guide: {})
    + ValidityCase.fits(
      "a chain in a plate, its rates drawn", sums,
      model: {
        let rate = sample("rate", Beta(2, 2))
        plate("rows", 3) {
          configEnumerate {
            var state: Tensor = 0
            markov(0..<4) { step in
              state = coin("state\(step)", 0.9 * rate + 0.05 * state)
              sample("x\(step)", Normal(state, 1), observed: data[step])
            }
          }
        }
      },
      guide: {
        _ = sample("rate", Beta(param("a", 2, constraint: .positive), 2))
      })
    + ValidityCase.fits(
      "a chain in a chain", sums,
      model: {
        configEnumerate {
          var outer: Tensor = 0
          markov(0..<2) { i in
            outer = coin("outer\(i)", 0.3 + 0.5 * outer)
            var inner = outer
            markov(0..<3) { j in
              inner = coin("inner\(i)\(j)", 0.2 + 0.5 * inner)
              sample("x\(i)\(j)", Normal(inner, 1), observed: data[j])
            }
          }
        }
      }, guide: {})
    + ValidityCase.fits(
      "a chain drawn in the guide", [TraceELBO(), TraceGraphELBO(), TraceEnumELBO()],
      model: {
        var state: Tensor = 0
        markov(0..<3) { step in
          state = coin("state\(step)", 0.3 + 0.5 * state)
          sample("x\(step)", Normal(state, 1), observed: data[step])
        }
      }, guide: { markov(0..<3) { guess("state\($0)") } })
}
