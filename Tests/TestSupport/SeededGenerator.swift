/// A generator whose stream is a function of its seed alone: SplitMix64 (Steele et al. 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0xD134_2543_DE82_EF95 &+ 1 }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform numbers in an interval.
  public mutating func uniform(_ count: Int, in interval: ClosedRange<Double>) -> [Double] {
    (0..<count).map { _ in Double.random(in: interval, using: &self) }
  }

  /// Uniform numbers of magnitude in an interval and of either sign.
  public mutating func signed(_ count: Int, magnitude: ClosedRange<Double>) -> [Double] {
    uniform(count, in: magnitude).map { Bool.random(using: &self) ? $0 : -$0 }
  }

  /// A number in 0 ..< bound.
  public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  /// One of the elements.
  public mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// True with the given probability.
  public mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }
}
