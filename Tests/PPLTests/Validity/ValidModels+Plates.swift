import PPL

/// Ways in which plates, whole and in part, stand together.
extension ValidModels {
  static let layouts: [ValidityCase] = vectorised + sequential + subsampled

  private static let some: [any Objective] = [
    TraceELBO(), TraceELBO(particles: 3), TraceMeanFieldELBO(), TraceGraphELBO(),
  ]

  private static let vectorised: [ValidityCase] =
    ValidityCase.fits(
      "a plate in the guide only",
      model: { _ = sample("z", Normal(Tensor.zeros([4]), 1)) },
      guide: { plate("rows", 4) { normal("z", [4]) } })
    + ValidityCase.fits(
      "a batch without plates",
      model: { _ = sample("z", Normal(Tensor.zeros([3]), 1)) }, guide: { normal("z", [3]) })
    + ValidityCase.fits(
      "an event in the model, a batch in the guide",
      model: { _ = sample("z", Normal(Tensor.zeros([3]), 1).toEvent(1)) },
      guide: { normal("z", [3]) })
    + ValidityCase.fits(
      "events in a plate",
      model: { plate("rows", 2) { _ = sample("z", Normal(Tensor.zeros([3]), 1).toEvent(1)) } },
      guide: {
        let loc = param("loc", Tensor.full([2, 3], 0.1))
        plate("rows", 2) { _ = sample("z", Normal(loc, 0.5).toEvent(1)) }
      })
    + ValidityCase.fits(
      "plates entered alone and together", some,
      model: {
        plate("a", 2, axis: -1) { _ = sample("x", Normal(0, 1)) }
        plate("b", 3, axis: -2) { _ = sample("y", Normal(0, 1)) }
        plate("a", 2, axis: -1) { plate("b", 3, axis: -2) { _ = sample("z", Normal(0, 1)) } }
      },
      guide: {
        plate("a", 2, axis: -1) { normal("x", [2]) }
        plate("b", 3, axis: -2) { normal("y", [3, 1]) }
        plate("b", 3, axis: -2) { plate("a", 2, axis: -1) { normal("z", [3, 2]) } }
      })
    + ValidityCase.fits(
      "axes that leave gaps", some,
      model: {
        plate("a", 2, axis: -3) {
          sample("w", Normal(0, 1))
          plate("b", 3) {
            sample("x", Normal(0, 1))
            plate("c", 4) {
              sample("y", Normal(0, 1))
              plate("d", 5) { _ = sample("z", Normal(0, 1)) }
            }
          }
        }
      },
      guide: {
        normal("w", [2, 1, 1])
        normal("x", [2, 1, 3])
        normal("y", [2, 4, 3])
        normal("z", [5, 2, 4, 3])
      })
    + ValidityCase.fits(
      "copies of a whole model, its data shared", some,
      model: {
        plate("copies", 5, axis: -3) {
          let z = plate("columns", 2, axis: -1) { sample("z", Normal(0, 1)) }
          plate("columns", 2, axis: -1) {
            plate("rows", 4, axis: -2) {
              sample("x", Normal(z, 1), observed: stack([data, -data], along: 1))
            }
          }
        }
      },
      guide: { plate("copies", 5, axis: -3) { plate("columns", 2) { normal("z", [5, 1, 2]) } } })
    + ValidityCase.fits(
      "a stack of plates",
      model: { plateStack("grid", [2, 3]) { _ = sample("z", Normal(0, 1)) } },
      guide: { plateStack("grid", [2, 3]) { normal("z", [2, 3]) } })
    + ValidityCase.fits(
      "a factor per copy", some,
      model: { plate("rows", 4) { factor("f", -square(sample("z", Normal(0, 1)) - data)) } },
      guide: { plate("rows", 4) { normal("z", [4]) } })
    + ValidityCase.fits(
      "vectors of which some numbers are known", some,
      model: {
        plate("rows", 2) {
          let known = Tensor([true, false])
          sample(
            "x", Normal(Tensor.zeros([4]), 1).toEvent(1), observed: stack([data, data]),
            observedMask: known)
        }
      },
      guide: {
        let loc = param("loc", Tensor.full([2, 4], 0.1))
        plate("rows", 2) { _ = sample("x_unobserved", Normal(loc, 0.5).toEvent(1)) }
      })

  private static let sequential: [ValidityCase] =
    ValidityCase.fits(
      "sequential plates exchanged in the guide",
      model: {
        sequentialPlate("a", 2) { i in
          sequentialPlate("b", 3) { j in sample("z\(i)\(j)", Normal(0, 1)) }
        }
      },
      guide: {
        sequentialPlate("b", 3) { j in sequentialPlate("a", 2) { i in normal("z\(i)\(j)") } }
      }
    )
    + ValidityCase.fits(
      "subsets of sequential plates exchanged in the guide", [TraceELBO(), TraceGraphELBO()],
      model: {
        sequentialPlate("a", 3, subsampleSize: 2) { i in
          sequentialPlate("b", 3, subsampleSize: 2) { j in sample("z\(i)\(j)", Normal(0, 1)) }
        }
      },
      guide: {
        sequentialPlate("b", 3, subsampleSize: 2) { j in
          sequentialPlate("a", 3, subsampleSize: 2) { i in normal("z\(i)\(j)") }
        }
      })
    + ValidityCase.fits(
      "an empty sequential plate in the model only",
      model: {
        sequentialPlate("rows", 10) { _ in }
        sample("z", Normal(0, 1))
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "an empty sequential plate in the guide only", some,
      model: { _ = sample("z", Normal(0, 1)) },
      guide: {
        sequentialPlate("rows", 10) { _ in }
        normal("z")
      })
    + ValidityCase.fits(
      "a sequential plate in a plate",
      model: {
        plate("rows", 3) { _ = sequentialPlate("steps", 2) { sample("z\($0)", Normal(0, 1)) } }
      },
      guide: { plate("rows", 3) { _ = sequentialPlate("steps", 2) { normal("z\($0)", [3]) } } })
    + ValidityCase.fits(
      "one plate at different depths", some,
      model: {
        sequentialPlate("outer", 2) { i in
          sample("x\(i)", Normal(0, 1))
          if i == 0 {
            sequentialPlate("inner", 2) { j in
              plate("rows", 4) { _ = sample("y\(j)", Normal(0, 1)) }
            }
          } else {
            plate("rows", 4) { _ = sample("z", Normal(0, 1)) }
          }
        }
      },
      guide: {
        for name in ["x0", "x1"] { normal(name) }
        for name in ["y0", "y1", "z"] { plate("rows", 4) { normal(name, [4]) } }
      })

  private static let subsampled: [ValidityCase] =
    ValidityCase.fits(
      "nested subsets", some,
      model: {
        plate("a", 10, subsampleSize: 5) { _ in
          sample("y", Normal(0, 1))
          plate("b", 11, subsampleSize: 6) { _ in _ = sample("z", Normal(0, 1)) }
        }
      },
      guide: {
        plate("a", 10, subsampleSize: 5) { _ in
          normal("y", [5])
          plate("b", 11, subsampleSize: 6) { _ in normal("z", [6, 5]) }
        }
      })
    + ValidityCase.fits(
      "subsets one after another", some,
      model: {
        plate("a", 10, subsampleSize: 5) { _ in _ = sample("y", Normal(0, 1)) }
        plate("b", 11, subsampleSize: 6) { _ in _ = sample("z", Normal(0, 1)) }
      },
      guide: {
        plate("b", 11, subsampleSize: 6) { _ in normal("z", [6]) }
        plate("a", 10, subsampleSize: 5) { _ in normal("y", [5]) }
      })
    + ValidityCase.fits(
      "one subset, met at every step of a sequential plate", some,
      model: {
        sequentialPlate("steps", 3) { step in
          plate("rows", 4, subsampleSize: 2) { index in
            let z = sample("z\(step)", Normal(0, 1))
            sample("x\(step)", Normal(z, 1), observed: data.gathered(index))
          }
        }
      },
      guide: {
        sequentialPlate("steps", 3) { step in
          plate("rows", 4, subsampleSize: 2) { _ in normal("z\(step)", [2]) }
        }
      })
    + ValidityCase.fits(
      "a subset of a sequential plate in a subset of a plate", [TraceELBO(), TraceGraphELBO()],
      model: {
        plate("rows", 3, subsampleSize: 2) { _ in
          _ = sequentialPlate("steps", 3, subsampleSize: 2) { sample("z\($0)", Normal(0, 1)) }
        }
      },
      guide: {
        plate("rows", 3, subsampleSize: 2) { _ in
          _ = sequentialPlate("steps", 3, subsampleSize: 2) { normal("z\($0)", [2]) }
        }
      })
    + ValidityCase.fits(
      "a subset that the user chose", some,
      model: {
        let z = sample("z", Normal(0, 1))
        plate("rows", 4, subsample: Tensor([0, 2])) {
          sample("x", Normal(z, 1), observed: subsample(data))
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "mini-batches", some,
      model: {
        let z = sample("z", Normal(0, 1))
        plate("rows", rows) { columns in
          sample("x", Normal(z, 1), observed: columns[0])
        }
      }, guide: { normal("z") })
    + ValidityCase.fits(
      "mini-batches that the guide reads", some,
      model: {
        plate("rows", rows) { columns in
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: columns[0])
        }
      },
      guide: {
        plate("rows", rows) { columns in
          sample("z", Normal(param("slope", 0.3) * columns[0], 0.7))
        }
      })
    + ValidityCase.fits(
      "discrete draws in a subset", [TraceELBO(), TraceELBO(particles: 3), TraceGraphELBO()],
      model: {
        plate("rows", 10, subsampleSize: 5) { _ in _ = sample("z", Bernoulli(probs: 0.3)) }
      },
      guide: {
        plate("rows", 10, subsampleSize: 5) { _ in
          let p = param("p", Tensor.full([10], 0.4), constraint: .unitInterval, eventRank: 0)
          sample("z", Bernoulli(probs: p))
        }
      })

  private static let rows = Batches([data], size: 2)
}
