import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Entropies of counts and their derivatives, against mpmath with 40 digits: sums of all terms, and
/// differences of the negative binomial's integral.
@Suite struct CountEntropyTests {
  @Test func poisson() {
    let cases: [(rate: Double, entropy: Double, slope: Double)] = [
      (1e-300, 6.917755278982137e-298, 690.7755278982137),
      (1e-05, 0.00012512928930701338, 11.512932396427649),
      (0.3, 0.6911439590927789, 1.3996981371505326),
      (4.0, 2.086672699880964, 0.13306020106240526),
      (60.0, 3.464710097858322, 0.008356880119673908),
      (255.9, 4.19100561729203, 0.0019551658075589885),
      (256.1, 4.191396497625955, 0.00195363792983944),
      (3000.0, 5.422094534620433, 0.00016667592901430225),
    ]
    for (rate, entropy, slope) in cases {
      let x = Tensor(rate)
      let result = poissonEntropy(rate: x)
      expectClose(result, [entropy], within: .relative(1e-12), "\(rate)")
      expectClose(
        gradient(of: result, withRespectTo: x), [slope], within: .relative(1e-11), "\(rate)")
    }
    // ½ log(2πeλ) − 1/12λ − 1/24λ² + …
    for rate in [1e6, 1e9, 1e12] {
      let expected =
        0.5 * log(2 * Double.pi * rate) + 0.5 - 1 / (12 * rate) - 1 / (24 * rate * rate)
      expectClose(
        poissonEntropy(rate: Tensor(rate)), [expected], within: .relative(1e-13), "\(rate)")
    }
    #expect(poissonEntropy(rate: Tensor(0.0)).scalar() == 0)
    #expect(poissonEntropy(rate: Tensor(-1.0)).scalar().isNaN)
  }

  @Test func negativeBinomial() {
    let cases: [(r: Double, logits: Double, entropy: Double, byR: Double, byLogits: Double)] = [
      (0.001, -5.0, 8.685378738699917e-05, 0.0801382987057571, 7.999840570003601e-05),
      (0.2, 12.0, 9.749641621659661, 17.059334075060224, 0.9486357365333251),
      (1.0, 0.3, 1.6026565537403168, 0.7483013092717897, 0.7483013092717897),
      (2.5, -1.0, 1.3098561697533113, 0.24817388252223968, 0.6510609114959848),
      (49.9, 9.0, 12.367297153798754, 0.010155254984061713, 0.9999383027649894),
      (50.1, 9.0, 12.36932409095272, 0.010114172065477142, 0.999938302764769),
      (2000.0, 8.0, 13.21939077865608, 0.00025008335417109735, 0.9998323249441493),
      (100000.0, -3.0, 5.6996756621546725, 5.000192811754547e-06, 0.5237296404196575),
      (300.0, -9.0, 0.1595327923451944, 0.0004099335072428618, 0.12298160389112921),
    ]
    for (r, logits, entropy, byR, byLogits) in cases {
      let (x, l) = (Tensor(r), Tensor(logits))
      let result = negativeBinomialEntropy(x, logits: l)
      let slopes = gradient(of: result, withRespectTo: [x, l])
      expectClose(result, [entropy], within: .relative(1e-12), "\(r), \(logits)")
      // A difference of logarithms that is as small as the slope, times numbers of order one.
      expectClose(slopes[0], [byR], within: .relative(1e-9, absolute: 1e-13), "\(r), \(logits)")
      expectClose(slopes[1], [byLogits], within: .relative(1e-11), "\(r), \(logits)")
    }
    // A geometric distribution, for r = 1, whatever its mean.
    for logits in [-30.0, 0, 5, 30, 300] {
      let (p, q) = (1 / (1 + exp(-logits)), 1 / (1 + exp(logits)))
      let expected = (p < 0.5 ? -p * log(p) - q * log1p(-p) : -p * log1p(-q) - q * log(q)) / q
      expectClose(
        negativeBinomialEntropy(1, logits: Tensor(logits)), [expected], within: .relative(1e-12),
        "\(logits)")
    }
    let extremes = negativeBinomialEntropy(3, logits: Tensor([-.infinity, .infinity, .nan])).array()
    #expect(extremes[0] == 0 && extremes[1] == .infinity && extremes[2].isNaN)
  }

  /// Kummer's function by closed forms: for b = 3/2 the error function, for a = 1 and b = 2 an
  /// exponential.
  @Test func kummer() {
    for y in [1e-8, 0.3, 2, 17, 400, 1e6] {
      let root = y.squareRoot()
      expectClose(
        confluent(0.5, 1.5, Tensor(y)), [Double.pi.squareRoot() * erf(root) / (2 * root)],
        within: .relative(1e-13), "\(y)")
      expectClose(confluent(1, 2, Tensor(y)), [-expm1(-y) / y], within: .relative(1e-13), "\(y)")
    }
    expectClose(confluent(0.5, 40, Tensor([0.0])), [1], within: .relative(1e-13))
  }
}
