import CTensorKernels
import Foundation
import Testing

/// The functions of the gamma family against mpmath.
@Suite struct StirlingTests {
  /// a, log(aᵃ e⁻ᵃ / Γ(a)) and log a − ψ(a), printed by Tests/Golden/make_stirling.py.
  static let values: [(a: Double, peak: Double, slope: Double)] = [
    (1e-300, -690.7755278982137, 9.999999999999999e+299),
    (1e-20, -46.051701859880914, 1e+20),
    (1e-05, -11.513044822150475, 99989.0642737507),
    (0.001, -6.915086640662836, 993.6678166528282),
    (0.02, -3.999044976206939, 46.632766305028035),
    (0.1, -2.5829711610336106, 8.12116984741703),
    (0.3, -1.7569898361158562, 2.2985514178741973),
    (0.5, -1.4189385332046727, 1.2703628454614782),
    (0.75, -1.169042505770131, 0.7981788073346913),
    (1, -1.0, 0.5772156649015329),
    (1.25, -0.8727987244354246, 0.45059708469047516),
    (1.4616, -0.7853901391231486, 0.37956283233289023),
    (2, -0.6137056388801094, 0.27036284546147815),
    (2.5, -0.49395604078753147, 0.2131340912289119),
    (3, -0.3973103145556162, 0.17582795356964256),
    (3.7, -0.28724089395972646, 0.14117928028866736),
    (4, -0.24658202474849253, 0.13017669268809015),
    (5, -0.13086426817744376, 0.1033202440022999),
    (6, -0.03693492741371599, 0.08564180079625452),
    (6.5, 0.004152090003202744, 0.07889084650165848),
    (6.6, 0.011979628339073739, 0.07766630094648656),
    (7, 0.04211983137709214, 0.07312581395684617),
    (7.5, 0.07740841730825272, 0.06814553629617796),
    (7.999, 0.11030716824069574, 0.06380820177633674),
    (8, 0.11037097237327313, 0.06380006372422593),
    (8.001, 0.1104347683688357, 0.06379192774668435),
    (9, 0.17041829328072422, 0.05658309938060939),
    (10, 0.22402344985898723, 0.05083250392732458),
    (12.5, 0.3372605419167473, 0.040532993033343394),
    (17, 0.49276674287500055, 0.029700015728755712),
    (33, 0.8267900722788106, 0.015228030931492994),
    (100, 1.382813229233738, 0.005008333250003967),
    (1000.0, 2.53485577295584, 0.000500083333325),
    (12345.678, 3.791585377440691, 4.0500550071089584e-05),
    (1000000.0, 5.988816662444131, 5.000000833333334e-07),
    (10000000000.0, 10.593986931757222, 5.0000000000833335e-11),
    (1e+16, 17.501742210747693, 5e-17),
    (1e+100, 114.21031611649761, 5e-101),
    (1e+300, 344.4688254159022, 5e-301),
  ]

  private func values<T: TestedFloat>(_ op: Int, _ isa: Int32, _ x: [T]) throws -> [T] {
    try apply(kernel(isa: isa) { ctk_unary(Int32(op), T.dtype) }, to: x, zero: T(0))
  }

  /// To 4 units in the last place; 2e-15 where the first function passes through zero, and 6e-16
  /// where the terms of the second, of size 1, leave a tenth.
  @Test(arguments: isas) func doubles(isa: Int32) throws {
    let x = Self.values.map(\.a)
    let peaks = try values(CTK_GAMMAPEAK, isa, x)
    let slopes = try values(CTK_LOGMINUSDIGAMMA, isa, x)
    for (index, value) in Self.values.enumerated() {
      let allowed = 4 * value.peak.ulp + 2e-15
      #expect((peaks[index] - value.peak).magnitude <= allowed, "\(value) \(peaks[index])")
      let allowedSlope = 4 * value.slope.ulp + 6e-16
      #expect((slopes[index] - value.slope).magnitude <= allowedSlope, "\(value) \(slopes[index])")
    }
  }

  /// Single precision against double, which the test above proves, over all magnitudes and densely about
  /// the join at 1: to 4 units in the last place, and 1.5e-7 where terms of size 1 leave less.
  @Test(arguments: isas) func singles(isa: Int32) throws {
    let dense = (1...4000).map { Float($0) / 1000 }
    let wide = (-2900...2900).map { Float(pow(10, Double($0) / 100)) }
    let x = dense + wide + [Float(1).nextDown, Float(1).nextUp]
    let peaks = try values(CTK_GAMMAPEAK, isa, x)
    let slopes = try values(CTK_LOGMINUSDIGAMMA, isa, x)
    let exactPeaks = try values(CTK_GAMMAPEAK, isa, x.map { Double($0) })
    let exactSlopes = try values(CTK_LOGMINUSDIGAMMA, isa, x.map { Double($0) })
    for index in x.indices {
      let (peak, slope) = (Float(exactPeaks[index]), Float(exactSlopes[index]))
      #expect(
        (peaks[index] - peak).magnitude <= 4 * peak.ulp + 1.5e-7, "\(x[index]): \(peaks[index])")
      #expect(
        (slopes[index] - slope).magnitude <= 4 * slope.ulp + 1.5e-7,
        "\(x[index]): \(slopes[index])")
    }
  }

  /// Zero, infinity and what is no argument, in single precision too.
  @Test(arguments: isas) func singleEdges(isa: Int32) throws {
    let x: [Float] = [0, .infinity, -1, .nan, 0x1p-149, 3e38]
    let peaks = try values(CTK_GAMMAPEAK, isa, x)
    #expect(peaks[0] == -.infinity && peaks[1] == .infinity && peaks[2].isNaN && peaks[3].isNaN)
    #expect((peaks[4] + 103.27893).magnitude < 1e-4 && (peaks[5] - 43.379_48).magnitude < 1e-4)
    let slopes = try values(CTK_LOGMINUSDIGAMMA, isa, x)
    #expect(slopes[0] == .infinity && slopes[1] == 0 && slopes[2].isNaN && slopes[3].isNaN)
    #expect(slopes[4] == .infinity && slopes[5] > 0 && slopes[5] < 0x1p-128)
  }

  @Test(arguments: isas) func edges(isa: Int32) throws {
    let x: [Double] = [0, -0.0, .infinity, -1, -.infinity, .nan]
    let peaks = try values(CTK_GAMMAPEAK, isa, x)
    #expect(peaks[0] == -.infinity && peaks[1] == -.infinity && peaks[2] == .infinity)
    #expect(peaks[3].isNaN && peaks[4].isNaN && peaks[5].isNaN)
    let slopes = try values(CTK_LOGMINUSDIGAMMA, isa, x)
    #expect(slopes[0] == .infinity && slopes[1] == .infinity && slopes[2] == 0)
    #expect(slopes[3].isNaN && slopes[4].isNaN && slopes[5].isNaN)
  }
}
