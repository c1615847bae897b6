import TestSupport
import Testing

@testable import Tensors

/// Inverses of incomplete functions; expected values by mpmath with 40 digits.
@Suite struct QuantileFunctionTests {
  @Test func gamma() {
    let lower: [(a: Double, p: Double, x: Double)] = [
      (0.001, 0.5, 5.244206408277979e-302), (0.001, 0.9, 9.821659644066881e-47),
      (0.01, 0.3, 2.9174171917458687e-53), (0.01, 1e-3, 5.660738147061974e-301),
      (0.2, 1e-20, 6.525480843457314e-101), (3.5, 1e-250, 7.514470051467561e-72),
      (3.5, 0.999999999999, 35.419237878363), (1e4, 1e-12, 9312.628969854226),
      (1e6, 0.5, 999999.6666666864),
    ]
    for (a, p, x) in lower {
      expectClose(
        gammaincInverse(Tensor(a), Tensor(p)), [x], within: .relative(1e-11), "\(a), \(p)")
    }
    let upper: [(a: Double, q: Double, x: Double)] = [
      (0.01, 1e-8, 11.339230831322897), (2.5, 1e-200, 469.46291311867463),
      (1e4, 1e-40, 11390.436588857265),
    ]
    for (a, q, x) in upper {
      expectClose(
        gammainccInverse(Tensor(a), Tensor(q)), [x], within: .relative(1e-12), "\(a), \(q)")
    }
  }

  @Test func beta() {
    let cases: [(a: Double, b: Double, p: Double, x: Double)] = [
      (0.01, 0.02, 0.5, 3.105592827577239e-13), (0.05, 0.05, 1e-3, 9.711823602720095e-55),
      (2, 1e7, 0.9, 3.8897192188854656e-07), (1e6, 1e6, 1e-10, 0.4977509374506197),
      (30, 0.5, 1e-30, 0.10768821042624116), (0.3, 4, 1e-200, 0),
    ]
    for (a, b, p, x) in cases {
      expectClose(
        betaincInverse(Tensor(a), Tensor(b), Tensor(p)), [x], within: .relative(1e-11),
        "\(a), \(b), \(p)")
    }
  }

  /// Round trips over all sizes of parameters, in log P by the slope with which it depends on log x.
  @Test func roundTrips() {
    var generator = SeededGenerator(seed: 4)
    let count = 400
    let a = exp(Tensor(generator.uniform(count, in: -6...9)))
    let b = exp(Tensor(generator.uniform(count, in: -6...9)))
    let p = exp(Tensor(generator.uniform(count, in: -60...(-0.01))))
    let x = gammaincInverse(a, p)
    for (index, pair) in zip(gammainc(a, x).array(), zip(p.array(), x.array())).enumerated()
    where pair.1.1 > 1e-290 {
      // A unit in the last place of x, and of the function, moves P by so much.
      let slope = x[index].scalar() * ScalarMath.gammaDensity(a[index].scalar(), pair.1.1)
      let allowed = 1e-12 * pair.1.0 + 4e-16 * slope
      #expect((pair.0 - pair.1.0).magnitude <= allowed, "\(a[index].scalar()), \(pair)")
    }
    let logit = betaLogitInverse(a, b, p)
    let back = betaincOfLogit(a, b, logit).array()
    for (index, pair) in zip(back, p.array()).enumerated() {
      let v = logit[index].scalar()
      let slope = ScalarMath.betaKernelOfLogit(a[index].scalar(), b[index].scalar(), v)
      let allowed = 1e-12 * pair.1 + 4e-16 * v.magnitude * slope
      #expect((pair.0 - pair.1).magnitude <= allowed, "\(index), \(pair)")
    }
  }

  @Test func limits() {
    let p = Tensor([0, 1, -0.1, 1.1, .nan])
    expectClose(gammaincInverse(2.5, p).array(), [0, .infinity, .nan, .nan, .nan], within: .bits)
    expectClose(gammainccInverse(2.5, p).array(), [.infinity, 0, .nan, .nan, .nan], within: .bits)
    expectClose(betaincInverse(2, 3, p).array(), [0, 1, .nan, .nan, .nan], within: .bits)
    expectClose(
      truncatedNormalQuantile(-1, 2, p).array(), [-1, 2, .nan, .nan, .nan], within: .bits)
    #expect(normalQuantileOfLog(Tensor(0.5)).scalar().isNaN)
  }

  /// Far below the least number whose logarithm this is.
  @Test func normalTails() {
    let y = Tensor([-1e-20, -0.5, -10, -700, -1e4, -1e8])
    expectClose(
      logNormalCDF(normalQuantileOfLog(y)).array(), y.array(), within: .relative(1e-12))
  }
}
