import PPL

/// Loops, conditions and sums that do not go together.
extension InvalidModels {
  static let structures: [ValidityCase] = sites + sums

  private static let sites: [ValidityCase] =
    ValidityCase.fails(
      "a loop that does not name its passes", ["\"z\"", "two sites"],
      model: { sequentialPlate("rows", 2) { _ in sample("z", Normal(0, 1)) } },
      guide: { sequentialPlate("rows", 2) { _ in sample("z", Normal(0, 1)) } })
    + ValidityCase.fails(
      "a factor named like a site", ["\"z\"", "two sites"],
      model: { factor("z", -square(sample("z", Normal(0, 1)))) },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "an auxiliary draw of the model", ["\"noise\"", "missing in the guide"],
      model: {
        let noise = sample("noise", Normal(0, 1), infer: .auxiliary)
        sample("z", Normal(noise, 1))
      }, guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "an empty guide", ["\"z\"", "missing in the guide"],
      model: { _ = sample("z", Normal(0, 1)) }, guide: {})
    + ValidityCase.fails(
      "an empty model", ["\"z\"", "missing in the model"],
      model: {}, guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a deterministic value drawn in the guide", ["\"y\"", "missing in the model"],
      model: { deterministic("y", 2 * sample("z", Normal(0, 1))) },
      guide: {
        sample("z", Normal(0, 1))
        sample("y", Normal(0, 1))
      })
    + ValidityCase.fails(
      "a parameter of the model drawn in the guide", ["\"loc\"", "missing in the model"],
      model: { sample("x", Normal(param("loc", 0), 1), observed: 1) },
      guide: { _ = sample("loc", Normal(0, 1)) })
    + ValidityCase.fails(
      "a site hidden in the model", ["\"z\"", "missing in the model"],
      model: { _ = block { sample("z", Normal(0, 1)) } },
      guide: { _ = sample("z", Normal(0, 1)) })
    + ValidityCase.fails(
      "a site hidden in the guide", ["\"z\"", "missing in the guide"],
      model: { _ = sample("z", Normal(0, 1)) },
      guide: { _ = block { sample("z", Normal(0, 1)) } })
    + ValidityCase.fails(
      "data of which some is missing, without a guide", ["\"x_unobserved\""],
      model: {
        sample(
          "x", Normal(Tensor.zeros([2]), 1), observed: [1, 2], observedMask: Tensor([true, false]))
      }, guide: {})
    + ValidityCase.fails(
      "a row for a column", ["\"z\"", "[1, 2]", "[2, 1]"],
      model: { _ = sample("z", Normal(Tensor.zeros([1, 2]), 1).toEvent(2)) },
      guide: { _ = sample("z", Normal(Tensor.zeros([2, 1]), 1).toEvent(2)) })
    + ValidityCase.fails(
      "a column for a vector", ["\"z\"", "[2]", "[2, 1]"],
      model: { _ = sample("z", Normal(Tensor.zeros([2]), 1).toEvent(1)) },
      guide: { _ = sample("z", Normal(Tensor.zeros([2, 1]), 1).toEvent(2)) })
    + ValidityCase.fails(
      "local draws for a subset, as many as the whole has", ["\"z\"", "[2]", "[9]"],
      model: { plate("rows", 9, subsampleSize: 2) { _ in _ = sample("z", Normal(0, 1)) } },
      guide: { _ = sample("z", Normal(param("loc", Tensor.zeros([9])), 1)) })
    + ValidityCase.fails(
      "subsets of sequential plates of different sizes", ["\"rows\"", "2 of 6", "3 of 6"],
      model: {
        sequentialPlate("rows", 6, subsampleSize: 2) { _ in }
        sample("z", Normal(0, 1))
      },
      guide: {
        sequentialPlate("rows", 6, subsampleSize: 3) { _ in }
        sample("z", Normal(0, 1))
      })

  /// Sums that have no end, no order, or no list of values.
  private static let sums: [ValidityCase] =
    ValidityCase.fails(
      "a site outside a plate that depends on a sum inside", ["\"y\"", "\"z\"", "\"rows\""],
      [TraceEnumELBO()],
      model: {
        let z = plate("rows", 3) { sample("z", Bernoulli(probs: 0.4), infer: .enumerate()) }
        sample("y", Bernoulli(probs: (1 + z.sum()) / 5), observed: 1)
      }, guide: {})
    + ValidityCase.fails(
      "values one after another in the model", ["\"z\"", "at once"],
      [TraceEnumELBO()],
      model: { _ = sample("z", Bernoulli(probs: 0.3), infer: .enumerate(.sequential)) },
      guide: {})
    + ValidityCase.fails(
      "scales that differ within a sum", ["x: 2.0", "z: 1.0"], [TraceEnumELBO()],
      model: {
        let z = sample("z", Bernoulli(probs: 0.3), infer: .enumerate())
        scaled(by: 2) { _ = sample("x", Normal(z, 1), observed: 0) }
      }, guide: {})
    + ValidityCase.fails(
      "a diamond of plates", ["\"b\"", "\"c\"", "tree"], [TraceEnumELBO()],
      model: {
        configEnumerate {
          let a = sample("a", Bernoulli(probs: 0.4))
          let b = plate("rows", 2, axis: -1) { sample("b", Bernoulli(probs: 0.3 + 0.2 * a)) }
          let c = plate("columns", 3, axis: -2) { sample("c", Bernoulli(probs: 0.2 + 0.3 * a)) }
          plate("rows", 2, axis: -1) {
            plate("columns", 3, axis: -2) {
              sample(
                "d", Bernoulli(probs: 0.2 + 0.3 * b + 0.4 * c), observed: Tensor.zeros([3, 2]))
            }
          }
        }
      }, guide: {})
    + ValidityCase.fails(
      "a sum over a batch without a plate", ["\"z\"", "[5]", "plate"], [TraceEnumELBO()],
      model: { _ = sample("z", Bernoulli(probs: Tensor.full([5], 0.3))) },
      guide: {
        configEnumerate { _ = sample("z", Bernoulli(probs: param("p", Tensor.full([5], 0.4)))) }
      })
    + ValidityCase.fails(
      "a sum over all counts", ["\"z\"", "Poisson"], [TraceEnumELBO()],
      model: { _ = sample("z", Poisson(3), infer: .enumerate()) }, guide: {})
    + ValidityCase.fails(
      "a branch on a value that stands for all", ["is read"], [TraceEnumELBO()],
      model: {
        let z = sample("z", Bernoulli(probs: 0.3), infer: .enumerate())
        if z.scalar() > 0.5 { sample("x", Normal(0, 1), observed: 1) }
      }, guide: {})
    + ValidityCase.fails(
      "a chain with a longer memory than it says", ["\"state2\"", "\"state0\"", "history"],
      [TraceEnumELBO()],
      model: {
        configEnumerate {
          var states: [Tensor] = []
          markov(0..<3) { step in
            let p = step < 2 ? 0.4 : 0.2 + 0.3 * states[step - 2]
            states.append(sample("state\(step)", Bernoulli(probs: p)))
          }
          sample("x", Normal(states[2], 1), observed: 1)
        }
      }, guide: {})
    + ValidityCase.fails(
      "a sum in the guide whose copies the model joins", ["\"z\"", "\"y\"", "\"rows\""],
      [TraceEnumELBO()],
      model: {
        let y = sample("y", Bernoulli(probs: 0.3), infer: .enumerate())
        plate("rows", 2) { _ = sample("z", Bernoulli(probs: 0.2 + 0.5 * y)) }
      }, guide: { plate("rows", 2) { _ = sample("z", Bernoulli(probs: 0.5), infer: .enumerate()) } }
    )
}
