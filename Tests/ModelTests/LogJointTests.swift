import Models
import PPL
import TestSupport
import Testing

/// Log joint densities against those that SciPy computes from the models' formulas and from data
/// typed in a second time: Tests/Golden/make_log_joints.py.
@Suite struct LogJointTests {
  private struct Point: Decodable {
    let model: String
    let data: [String: Numbers]
    let sites: [String: Numbers]
    let logJoint: Double
  }

  /// A number, or a vector of them.
  private struct Numbers: Decodable {
    let tensor: Tensor

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        tensor = Tensor(number)
      } else {
        tensor = Tensor(try container.decode([Double].self))
      }
    }
  }

  private static func model(_ point: Point) throws -> () -> Void {
    func data(_ name: String) throws -> Tensor { try #require(point.data[name]).tensor }
    switch point.model {
    case "linear regression": return LinearRegression.mesquite.model
    case "Poisson regression": return PoissonRegression.belgium.model
    case "eight schools, centred": return EightSchools.centered
    case "baseball, no pooling": return Baseball.noPooling
    case "baseball, full pooling": return Baseball.fullPooling
    case "baseball, partial pooling": return Baseball.partialPooling
    case "baseball, partial pooling of logits": return Baseball.partialPoolingOfLogits
    case "autoregression": return AutoRegression.lynx.model
    case "GARCH":
      return GARCH(returns: try data("returns"), firstScale: try data("firstScale")).model
    case "Gaussian process regression":
      return GaussianProcessRegression(
        inputs: try data("inputs"), outputs: try data("outputs")
      ).model
    default:
      throw UnknownModel(name: point.model)
    }
  }

  private struct UnknownModel: Error {
    let name: String
  }

  @Test func logJointDensities() throws {
    let points = try Golden.load("log_joints.json", as: [Point].self)
    #expect(points.count == 30)
    for point in points {
      let model = try Self.model(point)
      let trace = try trace { substitute(point.sites.mapValues(\.tensor)) { model() } }
      let latent = trace.sites.filter { $0.kind == .sample && !$0.isObserved }.map(\.name)
      #expect(Set(latent) == Set(point.sites.keys), "\(point.model)")
      expectClose(
        trace.logProbSum(), [point.logJoint], shape: [], within: .relative(1e-12), point.model)
    }
  }
}
