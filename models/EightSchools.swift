public import PPL

/// Effects of coaching on test scores in eight schools (Rubin 1981), the effects partially pooled.
public enum EightSchools {
  /// Estimated effect in each school.
  public static let effects: Tensor = [28, 8, -3, 7, -1, 1, 18, 12]
  /// Standard error of each estimate.
  public static let errors: Tensor = [15, 10, 16, 11, 9, 11, 10, 18]

  /// Non-centred: the effect of a school is mu + tau · eta with standard normal eta.
  public static func nonCentered() {
    let mu = sample("mu", Normal(0, 5))
    let tau = sample("tau", HalfCauchy(5))
    plate("schools", 8) {
      let eta = sample("eta", Normal(0, 1))
      let theta = deterministic("theta", mu + tau * eta)
      sample("effect", Normal(theta, errors), observed: effects)
    }
  }

  /// Centred: the effect of a school is drawn around mu itself. The same posterior of mu, tau and
  /// theta, in coordinates that are hard to fit where tau is small.
  public static func centered() {
    let mu = sample("mu", Normal(0, 5))
    let tau = sample("tau", HalfCauchy(5))
    plate("schools", 8) {
      let theta = sample("theta", Normal(mu, tau))
      sample("effect", Normal(theta, errors), observed: effects)
    }
  }

  // MARK: Exact values

  /// log p(effects), by quadrature: Tests/Golden/eight_schools.py.
  public static let logEvidence = -31.3113473523

  /// The posterior, by quadrature: Tests/Golden/eight_schools.py.
  public static let reference = Summary([
    .init("mu", 4.396821, 3.317704, [-1.083139, 4.415221, 9.817248]),
    .init("tau", 3.597705, 3.219958, [0.246391, 2.748731, 9.841949]),
    .init("eta[0]", 0.316660, 0.988475, [-1.327268, 0.327614, 1.923774]),
    .init("eta[1]", 0.097263, 0.937707, [-1.456814, 0.103884, 1.629899]),
    .init("eta[2]", -0.085547, 0.968311, [-1.673957, -0.088167, 1.511755]),
    .init("eta[3]", 0.061603, 0.943996, [-1.498846, 0.065940, 1.608057]),
    .init("eta[4]", -0.160764, 0.930665, [-1.681556, -0.167387, 1.383324]),
    .init("eta[5]", -0.072232, 0.943786, [-1.621394, -0.074514, 1.485052]),
    .init("eta[6]", 0.356725, 0.960423, [-1.254938, 0.375947, 1.905235]),
    .init("eta[7]", 0.075607, 0.974124, [-1.531265, 0.078343, 1.673299]),
    .init("theta[0]", 6.211884, 5.593126, [-1.535650, 5.637041, 16.111916]),
    .init("theta[1]", 4.940178, 4.674268, [-2.426038, 4.850685, 12.631223]),
    .init("theta[2]", 3.927004, 5.262615, [-4.838322, 4.170800, 11.789632]),
    .init("theta[3]", 4.757098, 4.780297, [-2.838198, 4.714557, 12.504661]),
    .init("theta[4]", 3.615477, 4.657453, [-4.389878, 3.867520, 10.691094]),
    .init("theta[5]", 4.042613, 4.826866, [-4.016694, 4.209216, 11.484380]),
    .init("theta[6]", 6.296724, 5.077849, [-0.999072, 5.817200, 15.391887]),
    .init("theta[7]", 4.854253, 5.290801, [-3.299776, 4.762877, 13.328870]),
  ])
}
