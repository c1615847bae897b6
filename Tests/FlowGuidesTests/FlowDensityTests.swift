import Testing

@testable import FlowGuides

/// Densities of flows integrate to one, by the trapezoidal rule on a grid that holds the image of
/// everything within six standard deviations.
@Suite struct FlowDensityTests {
  static let subjects: [FlowBijectorCase] = [1, 2].flatMap { n -> [FlowBijectorCase] in
    let layers: [(String, any Bijector)] = [
      ("planar", Planar(dimension: n, name: "f")), ("radial", Radial(dimension: n, name: "f")),
      ("sylvester", Sylvester(dimension: n, form: .householder(reflections: 2), name: "f")),
      ("bnaf", BNAF(dimension: n, hidden: [4], name: "f")),
      ("bnaf plain", BNAF(dimension: n, hidden: [4], residual: .none, name: "f")),
      ("residual", Residual(dimension: n, network: .lipschitz(hidden: [8]), name: "f")),
      ("proximal", Residual(dimension: n, network: .proximal(hidden: [4]), name: "f")),
      (
        "network field",
        ContinuousFlow(NetworkField(dimension: n, hidden: [4], name: "f"), duration: 0.3)
      ),
      (
        "potential field",
        ContinuousFlow(PotentialField(dimension: n, width: 4, name: "f"), duration: 0.3)
      ),
      ("LU", LULinear(dimension: n, name: "f")),
      ("softLeakyReLU", SoftLeakyReLU(slope: 0.2).toEvent(1)),
      ("leakyTanh", LeakyTanh(slope: 0.3).toEvent(1)), ("loft", LOFT(threshold: 1).toEvent(1)),
    ]
    return layers.flatMap { name, layer in
      [
        FlowBijectorCase("\(name) \(n)", layer, [n]),
        FlowBijectorCase("inverse \(name) \(n)", layer.inv, [n]),
      ]
    }
  }

  @Test(arguments: subjects) func integral(_ subject: FlowBijectorCase) {
    let n = subject.event[0]
    let base = Normal(0, 1).expanded(to: [n]).toEvent(1)
    let flow = TransformedDistribution(base, [subject.bijector])
    let total = handle(
      {
        let center = subject.bijector.forward(
          base.sample([400], key: RandomKey(1), dtype: .float64))
        let edges = [Double](repeating: 6, count: n)
        let square = Self.grid(edges.map(-), edges, 41)
        let image = subject.bijector.forward(square.points)
        let warp = Warp(center)
        let (lower, upper) = (warp.inverse(image.min(axis: 0)), warp.inverse(image.max(axis: 0)))
        let (points, cell) = Self.grid(lower.array(), upper.array(), n == 1 ? 2001 : 161)
        let (y, slope) = warp.forward(points)
        return cell * (slope * exp(flow.logProb(y))).sum().scalar()
      }, with: LawParameters(key: RandomKey(4), spread: 1))
    #expect((total - 1).magnitude < 1e-3, "\(subject): \(total)")
  }

  /// y = m + s sinh u per coordinate: fine steps where points lie, wide ones far out.
  private struct Warp {
    let middle: Tensor
    let scale: Tensor

    init(_ points: Tensor) {
      middle = points.median(axis: 0)
      scale = abs(points - middle).median(axis: 0)
    }

    func forward(_ u: Tensor) -> (y: Tensor, slope: Tensor) {
      (middle + scale * sinh(u), (scale * cosh(u)).product(axes: [-1]))
    }

    func inverse(_ y: Tensor) -> Tensor { asinh((y - middle) / scale) }
  }

  /// The points of a grid, as rows, and the size of a cell.
  private static func grid(
    _ lower: [Double], _ upper: [Double], _ count: Int
  ) -> (points: Tensor, cell: Double) {
    let steps = zip(lower, upper).map { ($1 - $0) / Double(count - 1) }
    var elements: [Double] = []
    let total = lower.indices.reduce(1) { total, _ in total * count }
    for index in 0..<total {
      var rest = index
      for axis in lower.indices {
        elements.append(lower[axis] + steps[axis] * Double(rest % count))
        rest /= count
      }
    }
    return (Tensor(elements, shape: [total, lower.count]), steps.reduce(1, *))
  }
}
