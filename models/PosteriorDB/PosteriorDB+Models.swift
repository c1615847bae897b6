import PPL

extension PosteriorDB {
  /// A model on its data.
  struct Built {
    let model: @Sendable () -> Void
    /// What its summary calls a parameter that has another name in posteriordb.
    var names: [String: String] = [:]
  }

  static let builders: [String: @Sendable (PosteriorData) throws -> Built] = [
    "arK-arK": { data in
      Built(model: AutoRegression(try data("y"), order: Int(try data("K").scalar())).model)
    },
    "earnings-logearn_interaction": earnings,
    "eight_schools-eight_schools_noncentered": { _ in Built(model: EightSchools.nonCentered) },
    "garch-garch11": { data in
      Built(model: GARCH(returns: try data("y"), firstScale: try data("sigma1")).model)
    },
    "gp_pois_regr-gp_regr": { data in
      Built(model: GaussianProcessRegression(inputs: try data("x"), outputs: try data("y")).model)
    },
    "kidiq-kidscore_momhsiq": kidscore,
    "kilpisjarvi_mod-kilpisjarvi": kilpisjarvi,
    "low_dim_gauss_mix-low_dim_gauss_mix": { data in
      Built(model: NormalPair(data: try data("y")).model)
    },
    "mesquite-logmesquite_logvash": mesquite,
    "nes1980-nes": partyIdentification,
    "sblrc-blr": correlatedInputs,
  ]

  /// Logarithms of earnings on height and sex and their product, none of them scaled.
  private static func earnings(_ data: PosteriorData) throws -> Built {
    let (height, male) = (try data("height"), try data("male"))
    return regression([height, male, height * male], log(try data("earn")))
  }

  /// Children's test scores on whether the mother finished high school, and her IQ.
  private static func kidscore(_ data: PosteriorData) throws -> Built {
    regression(
      [try data("mom_hs"), try data("mom_iq")], try data("kid_score"), sigma: HalfCauchy(2.5))
  }

  /// The weight of mesquite leaves, all in logarithms but the group.
  private static func mesquite(_ data: PosteriorData) throws -> Built {
    let (long, wide) = (try data("diam1"), try data("diam2"))
    return regression(
      [
        log(long * wide * (try data("canopy_height"))), log(long * wide), log(long / wide),
        log(try data("total_height")), try data("group"),
      ], log(try data("weight")))
  }

  /// Party identification in the national election study of 1980.
  private static func partyIdentification(_ data: PosteriorData) throws -> Built {
    let age = try data("age_discrete")
    let ages = [2, 3, 4].map { (age .== Tensor($0)).cast(to: .float64) }
    return regression(
      [try data("real_ideo"), try data("race_adj")] + ages
        + [try data("educ1"), try data("gender"), try data("income")], try data("partyid7"))
  }

  /// A regression with an intercept, which is the first of posteriordb's coefficients.
  private static func regression(
    _ features: [Tensor], _ outcomes: Tensor,
    sigma: any Distribution = ImproperUniform(.positive)
  ) -> Built {
    let regression = LinearRegression(
      features: stack(features, along: 1), outcomes: outcomes, sigma: sigma)
    let names = features.indices.map { ("beta[\($0 + 1)]", "w[\($0)]") } + [("beta[0]", "b")]
    return Built(
      model: regression.model, names: Dictionary(uniqueKeysWithValues: names))
  }

  /// A made-up regression on correlated inputs, without an intercept.
  private static func correlatedInputs(_ data: PosteriorData) throws -> Built {
    let inputs = try data("X")
    let regression = LinearRegression(
      features: inputs, outcomes: try data("y"), weights: Normal(0, 10), intercept: nil,
      sigma: HalfNormal(10))
    let names = (0..<inputs.shape[1]).map { ("beta[\($0)]", "w[\($0)]") }
    return Built(model: regression.model, names: Dictionary(uniqueKeysWithValues: names))
  }

  /// Summer temperatures at Kilpisjärvi by year.
  private static func kilpisjarvi(_ data: PosteriorData) throws -> Built {
    let regression = LinearRegression(
      features: try data("x").expandingDims(at: 1), outcomes: try data("y"),
      weights: Normal(try data("pmubeta"), try data("psbeta")),
      intercept: Normal(try data("pmualpha"), try data("psalpha")))
    return Built(model: regression.model, names: ["alpha": "b", "beta": "w[0]"])
  }
}
