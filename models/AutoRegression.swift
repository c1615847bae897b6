public import PPL

/// An autoregressive series, AR(K): each value is a linear function of the K before it, plus noise.
/// The first K values are given.
public struct AutoRegression: Sendable {
  public let series: Tensor
  /// K.
  public let order: Int
  /// Column k − 1 holds, for each value after the first K, the one k steps before it.
  private let lags: Tensor

  public init(_ series: Tensor, order: Int) {
    precondition(
      series.rank == 1 && order > 0 && series.count > order,
      "AutoRegression: a series of shape \(series.shape) for the order \(order)")
    self.series = series
    self.order = order
    let count = series.count
    lags = stack((1...order).map { series.slice((order - $0)..<(count - $0)) }, along: 1)
  }

  public func model() {
    let alpha = sample("alpha", Normal(0, 10))
    let beta = sample("beta", Normal(0, 10).expanded(to: [order]).toEvent(1))
    let sigma = sample("sigma", HalfCauchy(2.5))
    plate("times", series.count - order) {
      sample(
        "y", Normal(alpha + matmul(lags, beta), sigma),
        observed: series.slice(order..<series.count))
    }
  }

  // MARK: Data

  /// Lynx trapped in the Mackenzie River district, 1821 to 1934 (Elton & Nicholson 1942): decimal
  /// logarithms as an AR(2), the description by Moran (1953).
  public static let lynx = AutoRegression(log(trapped) / log(10), order: 2)

  private static let trapped: Tensor = [
    269, 321, 585, 871, 1475, 2821, 3928, 5943, 4950, 2577, 523, 98, 184, 279, 409, 2285, 2685,
    3409, 1824, 409, 151, 45, 68, 213, 546, 1033, 2129, 2536, 957, 361, 377, 225, 360, 731, 1638,
    2725, 2871, 2119, 684, 299, 236, 245, 552, 1623, 3311, 6721, 4254, 687, 255, 473, 358, 784,
    1594, 1676, 2251, 1426, 756, 299, 201, 229, 469, 736, 2042, 2811, 4431, 2511, 389, 73, 39, 49,
    59, 188, 377, 1292, 4031, 3495, 587, 105, 153, 387, 758, 1307, 3465, 6991, 6313, 3794, 1836,
    345, 382, 808, 1388, 2713, 3800, 3091, 2985, 3790, 374, 81, 80, 108, 229, 399, 1132, 2432, 3574,
    2935, 1537, 529, 485, 662, 1000, 1590, 2657, 3396,
  ]
}
