import FlowGuides
import TutorialKit

/// What the command line asks for.
struct Settings {
  let steps: Int
  let seed: Int
  let dtype: DType
  let isJSON: Bool

  init(_ options: inout Options) {
    steps = options.integer("--steps", in: 1...10_000_000, default: 2500, "gradient steps")
    seed = options.integer("--seed", default: 0, "determines initial values and every draw")
    let type = options.choice("--dtype", of: ["float64", "float32"], "the precision")
    dtype = type == "float32" ? .float32 : .float64
    isJSON = options.flag("--json", "print the result as JSON, and nothing else")
    options.finish()
  }
}
