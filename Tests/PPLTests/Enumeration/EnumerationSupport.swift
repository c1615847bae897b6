import Foundation
import PPL
import TestSupport

/// The bound of a model and a guide with all sums taken: of one particle.
func enumeratedELBO(
  _ model: () -> Void, _ guide: () -> Void = {}, key: RandomKey = RandomKey(0)
) throws -> Tensor {
  let objective = TraceEnumELBO()
  let run = try seeded(key: key) { try objective.run(model, guide) }
  try objective.validate(run)
  return try objective.terms(run).values[0]
}

/// The derivative of a function along a direction, by differences of order six.
func slope(_ step: Double = 1e-3, _ function: (Double) -> Double) -> Double {
  zip([1.0, 2, 3], [45.0, -9, 1]).reduce(0) { sum, pair in
    sum + pair.1 * (function(pair.0 * step) - function(-pair.0 * step)) / (60 * step)
  }
}

func logSumExp(_ values: [Double]) -> Double {
  let peak = values.max() ?? -.infinity
  guard peak > -.infinity else { return peak }
  return peak + Foundation.log(values.reduce(0) { $0 + Foundation.exp($1 - peak) })
}
