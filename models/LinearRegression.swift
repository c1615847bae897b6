public import PPL

/// Linear regression with normal noise. With the flat priors it has unless told otherwise, the
/// posterior modes are the least-squares estimates.
public struct LinearRegression: Sendable {
  /// One row per observation.
  public let features: Tensor
  /// One number per observation.
  public let outcomes: Tensor
  private let weightPrior: any Distribution
  private let interceptPrior: (any Distribution)?
  private let sigmaPrior: any Distribution

  /// - Parameters:
  ///   - weights: the prior of each weight.
  ///   - intercept: the prior of the intercept; nil for a regression without one.
  ///   - sigma: the prior of the standard deviation of the noise.
  public init(
    features: Tensor, outcomes: Tensor, weights: any Distribution = ImproperUniform(.real),
    intercept: (any Distribution)? = ImproperUniform(.real),
    sigma: any Distribution = ImproperUniform(.positive)
  ) {
    precondition(
      features.rank == 2 && outcomes.shape == [features.shape[0]],
      "LinearRegression: features \(features.shape) for outcomes \(outcomes.shape)")
    self.features = features
    self.outcomes = outcomes
    weightPrior = weights
    interceptPrior = intercept
    sigmaPrior = sigma
  }

  public func model() {
    let weights = plate("features", features.shape[1]) { sample("w", weightPrior) }
    let intercept = interceptPrior.map { sample("b", $0) }
    let sigma = sample("sigma", sigmaPrior)
    let means = matmul(features, weights)
    plate("observations", features.shape[0]) {
      sample("y", Normal(intercept.map { means + $0 } ?? means, sigma), observed: outcomes)
    }
  }
}

// MARK: Data

extension LinearRegression {
  /// The weight of the leaves of 46 mesquite bushes from what can be measured without a harvest
  /// (Gelman & Hill 2007, chapter 4).
  ///
  /// All as logarithms: weight (g) on volume, area and elongation of the canopy and total height
  /// (m), and on whether the bush is of the second group.
  public static let mesquite: LinearRegression = {
    let (long, wide, tall) = (canopyDiameters.long, canopyDiameters.wide, canopyHeights)
    let features = [
      log(long * wide * tall), log(long * wide), log(long / wide), log(totalHeights), groups,
    ]
    return LinearRegression(features: stack(features, along: 1), outcomes: log(leafWeights))
  }()

  private static let canopyDiameters: (long: Tensor, wide: Tensor) = (
    [
      1.8, 1.7, 2.8, 1.3, 3.3, 1.4, 1.5, 3.9, 1.8, 2.1, 0.8, 1.3, 1.2, 1.5, 2.8, 1.4, 1.5, 2.4, 1.9,
      2.3, 2.1, 2.4, 1, 1.3, 1.1, 1.3, 2.5, 5.2, 2, 1.6, 1.4, 3.2, 1.9, 2.4, 2.5, 2.1, 2.4, 2.4,
      1.9, 2.7, 1.3, 2.9, 2.1, 4.1, 2.8, 1.27,
    ],
    [
      1.15, 1.35, 2.55, 0.85, 1.9, 1.4, 0.5, 2.3, 1.35, 1.6, 0.63, 0.95, 0.9, 0.7, 1.7, 0.85, 0.6,
      2.4, 1.55, 1.6, 1.7, 1.3, 0.4, 0.6, 0.7, 1.2, 2.3, 4, 1.6, 1.6, 1, 1.9, 1.8, 2.4, 1.8, 1.5,
      2.2, 1.7, 1.2, 2.5, 1.1, 2.7, 1, 3.8, 2.5, 1,
    ]
  )

  private static let canopyHeights: Tensor = [
    1, 1.33, 0.6, 1.2, 1.05, 1, 0.9, 1.3, 0.6, 0.8, 0.6, 0.95, 1.2, 0.7, 1.2, 1.1, 0.64, 1.2, 1.2,
    1.3, 1, 0.9, 1, 0.5, 0.9, 0.6, 1.4, 2.5, 1.4, 1.3, 1.1, 1.5, 0.8, 1.1, 1.3, 0.85, 1.5, 1.2,
    1.15, 1.5, 0.7, 1.9, 1.5, 1.5, 1.5, 0.62,
  ]

  private static let totalHeights: Tensor = [
    1.3, 1.35, 2.16, 1.8, 1.55, 1.2, 1, 1.7, 0.8, 1.2, 0.9, 1.35, 1.4, 1, 1.7, 1.5, 0.65, 1.5, 1.7,
    1.7, 1.5, 1.5, 1.2, 0.7, 1.2, 0.8, 1.7, 3, 1.7, 1.6, 1.5, 1.9, 1.1, 1.6, 2, 1.25, 2, 1.3, 1.45,
    2.2, 0.7, 1.9, 1.8, 2, 2.2, 0.92,
  ]

  /// 26 bushes of the first group, 20 of the second.
  private static let groups = concat([Tensor.zeros([26]), Tensor.ones([20])])

  private static let leafWeights: Tensor = [
    401.3, 513.7, 1179.2, 308, 855.2, 268.7, 155.5, 1253.2, 328, 614.6, 60.2, 269.6, 448.4, 120.4,
    378.7, 266.4, 138.9, 1020.8, 635.7, 621.8, 579.8, 326.8, 66.7, 68, 153.1, 256.4, 723, 4052, 345,
    330.9, 163.5, 1160, 386.6, 693.5, 674.4, 217.5, 771.3, 341.7, 125.7, 462.5, 64.5, 850.6, 226,
    1745.1, 908, 213.5,
  ]
}
