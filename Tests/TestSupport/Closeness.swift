public import Tensors
public import Testing

/// How far a computed number may lie from the one expected.
///
/// Infinities must agree and NaN equals NaN, whatever the tolerance.
public enum Tolerance: Sendable {
  /// Units in the last place of the expected number, in the tensor's own precision.
  case ulps(Double)
  /// `relative · |expected| + absolute`.
  case relative(Double, absolute: Double = 0)
  /// The same bits, signs of zeros included.
  case bits

  func allows(_ actual: Double, _ expected: Double, isSingle: Bool) -> Bool {
    if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN }
    switch self {
    case .bits: return actual.bitPattern == expected.bitPattern
    case .ulps(let count):
      if actual == expected { return true }
      let unit = isSingle ? Double(Float(expected).ulp) : expected.ulp
      return (actual - expected).magnitude <= count * unit
    case .relative(let relative, let absolute):
      if actual == expected { return true }
      return (actual - expected).magnitude <= relative * expected.magnitude + absolute
    }
  }
}

/// Checks shape, count and then every element; reports the worst one.
public func expectClose(
  _ actual: Tensor, _ expected: [Double], shape: Shape? = nil, within tolerance: Tolerance = .bits,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  if let shape, actual.shape != shape {
    Issue.record(
      "\(what()): shape \(actual.shape) instead of \(shape)", sourceLocation: sourceLocation)
    return
  }
  expectClose(
    actual.array(), expected, within: tolerance, isSingle: actual.dtype == .float32, what(),
    sourceLocation: sourceLocation)
}

/// Checks shape, dtype and then every element; reports the worst one.
public func expectClose(
  _ actual: Tensor, _ expected: Tensor, within tolerance: Tolerance = .bits,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.dtype == expected.dtype, "\(what())", sourceLocation: sourceLocation)
  expectClose(
    actual, expected.array(), shape: expected.shape, within: tolerance, what(),
    sourceLocation: sourceLocation)
}

public func expectClose(
  _ actual: [Double], _ expected: [Double], within tolerance: Tolerance, isSingle: Bool = false,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what()): \(actual.count) elements instead of \(expected.count)",
      sourceLocation: sourceLocation)
    return
  }
  let wrong = actual.indices.filter {
    !tolerance.allows(actual[$0], expected[$0], isSingle: isSingle)
  }
  guard !wrong.isEmpty else { return }
  func error(_ index: Int) -> Double {
    let difference = (actual[index] - expected[index]).magnitude
    return difference.isNaN ? .infinity : difference / max(expected[index].magnitude, 1e-300)
  }
  let worst = wrong.max { error($0) < error($1) } ?? wrong[0]
  Issue.record(
    """
    \(what()): \(wrong.count) of \(actual.count) elements differ; element \(worst) is \
    \(actual[worst]) instead of \(expected[worst]), relatively off by \(error(worst)), \
    allowed \(tolerance)
    """, sourceLocation: sourceLocation)
}
