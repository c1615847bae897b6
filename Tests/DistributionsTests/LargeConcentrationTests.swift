import TestSupport
import Testing

@testable import Distributions

/// Log densities of concentrations so large that the terms of the textbook formulas are 10⁹ and more;
/// expected values by mpmath with 60 digits.
@Suite struct LargeConcentrationTests {
  private typealias Point = (x: Double, first: Double, second: Double, logProb: Double)

  private func check(
    _ points: [Point], _ distribution: (Tensor, Tensor) -> any Distribution,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (x, first, second, logProb) in points {
      let value = distribution(Tensor(first), Tensor(second)).logProb(Tensor(x)).scalar()
      // What the rounding of x itself moves the density by is not the formula's fault.
      expectClose(
        [value], [logProb], within: .relative(1e-12), "\(first), \(second) at \(x)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func gamma() {
    check([
      (100.0, 1e8, 1e6, 3.6862316519500853), (100.02, 1e8, 1e6, 1.6862982986212802),
      (99.9, 1e8, 1e6, -46.346126201060656), (1.0, 1e12, 1e12, 12.896572024759518),
    ]) { Gamma($0, $1) }
    check([
      (1e-2, 1e8, 1e6, 12.896572023926268), (1.0002e-2, 1e8, 1e6, 10.896905257281583),
    ]) { InverseGamma($0, $1) }
  }

  @Test func beta() {
    check([
      (0.5, 1e8, 1e8, 9.331122608361428), (0.50003, 1e8, 1e8, 8.97112261131404),
      (1e-6, 1e3, 1e9, 16.350366830420864), (0.25, 1e12, 3e12, 14.426707422105292),
      (0.999, 1e9, 1e6, 12.39690577479217),
    ]) { Beta($0, $1) }
  }

  /// In float32 too the large terms must not meet: 10⁶ has no digits behind its point.
  @Test func singlePrecision() {
    let a = Tensor(1e6, dtype: .float32)
    let gamma = Gamma(a, a).logProb(Tensor([0.999, 1, 1.001], dtype: .float32))
    let wide = Gamma(1e6, 1e6).logProb(Tensor([Double(Float(0.999)), 1, Double(Float(1.001))]))
    expectClose(gamma.array(), wide.array(), within: .relative(1e-4, absolute: 1e-4))
    let beta = Beta(a, a).logProb(Tensor([0.4995, 0.5, 0.501], dtype: .float32))
    let wideBeta = Beta(1e6, 1e6)
      .logProb(Tensor([Double(Float(0.4995)), 0.5, Double(Float(0.501))]))
    expectClose(beta.array(), wideBeta.array(), within: .relative(1e-4, absolute: 1e-4))
  }
}
