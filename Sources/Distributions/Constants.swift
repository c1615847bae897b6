// Nodes shared by all who use them, since a density is built anew at every step; without a dtype of
// their own.

let minusHalf: Tensor = -0.5
let oneHalf: Tensor = 0.5
let logTwo: Tensor = 0.693147180559945309417232121458176568
let logFour: Tensor = 1.38629436111989061883446424291635314
let logHalf: Tensor = -0.693147180559945309417232121458176568
let logPi: Tensor = 1.14472988584940017414342735135305871165
/// log 2π.
let log2Pi: Tensor = 1.83787706640934548356065947281123528
/// ½ log 2π.
let halfLog2Pi: Tensor = 0.918938533204672741780329736405617640
/// log(2/π).
let log2OverPi: Tensor = -0.451582705289454864726195229894882143571
/// √2.
let rootTwo: Tensor = 1.41421356237309504880168872420969808
/// 1/√2.
let rootHalf: Tensor = 0.707106781186547524400844362104849039
/// √(2/π).
let rootTwoOverPi: Tensor = 0.797884560802865355879892119868763737
/// π/2.
let halfPi: Tensor = 1.570796326794896619231321691639751442
/// π²/6.
let sixthOfPiSquared: Tensor = 1.644934066848226436472415166646025189
/// Euler's constant γ.
let eulerGamma: Tensor = 0.577215664901532860606512090082402431

/// The logarithm of zero.
let logZero = Tensor(floatLiteral: -.infinity)
let notANumber = Tensor(floatLiteral: .nan)

extension Tensor {
  static let infinite = Tensor(floatLiteral: .infinity)
}
