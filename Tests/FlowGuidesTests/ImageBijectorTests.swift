import TestSupport
import Testing

@testable import FlowGuides

@Suite struct ImageBijectorTests {
  /// Each 2 × 2 square of pixels becomes four channels, the top row first.
  @Test func squeeze() {
    let image = Tensor((0..<16).map(Double.init), shape: [1, 4, 4])
    let y = Squeeze().forward(image)
    #expect(y.shape == [4, 2, 2])
    #expect(y.array() == [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15])
    // Channels stay together.
    let two = Squeeze().forward(stack([image.squeezing(at: 0), 100 + image.squeezing(at: 0)]))
    #expect(two.shape == [8, 2, 2])
    #expect(two.selecting(4, along: 0).array() == [100, 102, 108, 110])
  }

  /// A matrix at every pixel, with its determinant for each.
  @Test func channelWise() {
    let (linear, weights) = (
      LULinear(dimension: 3, name: "f"), LawParameters(key: RandomKey(1), spread: 1)
    )
    let x = RandomKey(2).normal([5, 3, 2, 4])
    handle(
      {
        let (y, logDet) = ChannelWise(linear).forwardAndLogDet(x, context: nil)
        for row in 0..<2 {
          for column in 0..<4 {
            func pixel(_ image: Tensor) -> Tensor {
              image.selecting(column, along: -1).selecting(row, along: -1)
            }
            let (expected, each) = linear.forwardAndLogDet(pixel(x), context: nil)
            expectClose(pixel(y), expected, within: .relative(1e-13, absolute: 1e-13))
            expectClose(logDet, 8 * each, within: .relative(1e-13))
          }
        }
      }, with: weights)
  }

  /// The rest is passed through to the bit.
  @Test func partial() {
    let part = Partial(LULinear(dimension: 2, name: "f"), 1..<3)
    let x = RandomKey(3).normal([4, 5])
    handle(
      {
        let (y, logDet) = part.forwardAndLogDet(x, context: nil)
        for index in [0, 3, 4] {
          #expect(y.selecting(index, along: 1).array() == x.selecting(index, along: 1).array())
        }
        let (inner, expected) = LULinear(dimension: 2, name: "f").forwardAndLogDet(
          x.slice(1..<3, along: 1), context: nil)
        expectClose(y.slice(1..<3, along: 1), inner)
        expectClose(logDet, expected)
      }, with: LawParameters(key: RandomKey(1), spread: 1))
  }

  /// A convolution: the same at every pixel away from the edge, and of 3 × 3 pixels.
  @Test func convolution() {
    let network = ConvolutionalNetwork(height: 6, width: 5, hidden: [], activation: .elu)
    let weights = LawParameters(key: RandomKey(1), spread: 1)
    func outputs(_ image: Tensor) -> Tensor {
      handle(
        {
          network(
            image.flattened(), context: nil, start: [Double](repeating: 0, count: 3 * 30),
            name: "net")
        }, with: weights
      ).reshaped(to: [3, 6, 5])
    }
    let x = RandomKey(4).normal([2, 6, 5]).detached()
    let y = outputs(x)
    let slopes = gradient(
      of: y.selecting(2, along: 2).selecting(3, along: 1).sum(), withRespectTo: x)
    for row in 0..<6 {
      for column in 0..<5 {
        let isNear = (2...4).contains(row) && (1...3).contains(column)
        let slope = slopes.selecting(column, along: 2).selecting(row, along: 1).array()
        #expect(slope.allSatisfy { isNear ? $0 != 0 : $0 == 0 }, "\(row), \(column)")
      }
    }
    // By the sum over the kernel.
    let met = weights.met
    guard let kernel = met["net.weight0"]?.rows(), let bias = met["net.bias0"]?.array() else {
      Issue.record("no weights")
      return
    }
    let image = x.array()
    for (output, row, column) in [(0, 0, 0), (2, 3, 2), (1, 5, 4)] {
      var expected = bias[output]
      for i in 0..<3 {
        for j in 0..<3 {
          let (r, c) = (row + i - 1, column + j - 1)
          guard (0..<6).contains(r), (0..<5).contains(c) else { continue }
          for channel in 0..<2 {
            expected += kernel[(3 * i + j) * 2 + channel][output] * image[channel * 30 + r * 5 + c]
          }
        }
      }
      let actual = y.array()[output * 30 + row * 5 + column]
      #expect((actual - expected).magnitude < 1e-12)
    }
  }

  /// Residual blocks: of one pixel only the middle of each kernel counts, and they are those of a fully
  /// connected network; of more pixels each block sees two pixels farther.
  @Test func residualConvolutions() {
    let start = [Double](repeating: 0, count: 3)
    let weights = RandomWeights(1)
    let x = RandomKey(2).normal([4, 2]).detached()
    let one = ConvolutionalNetwork(
      height: 1, width: 1, channels: 5, blocks: 2, activation: .tanh)
    let outputs = handle({ one(x, context: nil, start: start, name: "net") }, with: weights)
    let middle = weights.met.mapValues { value in
      value.rank == 1
        ? value : value.slice(value.shape[0] / 9 * 4..<value.shape[0] / 9 * 5, along: 0)
    }
    let dense = ResidualMLP(width: 5, blocks: 2, activation: .tanh)
    let expected = handle(
      { dense(x, context: nil, start: start, name: "net") }, with: Substitute(values: middle))
    expectClose(outputs, expected, within: .relative(1e-13, absolute: 1e-13))

    let line = ConvolutionalNetwork(height: 1, width: 15, channels: 3, blocks: 1)
    let points = RandomKey(3).normal([15]).detached()
    let values = handle(
      { line(points, context: nil, start: [Double](repeating: 0, count: 15), name: "line") },
      with: RandomWeights(4))
    let slopes = gradient(of: values.selecting(7, along: 0), withRespectTo: points).array()
    // Four convolutions: the first, two in the block, the last.
    #expect(slopes.indices.filter { slopes[$0] != 0 } == Array(3...11))
  }

  private static let flows: [FlowArchitecture] = [
    .glow(image: [1, 4, 4], scales: 2, steps: 3, hidden: [6]),
    .glow(
      image: [1, 4, 4], scales: 2, steps: 3, transformer: DeepSigmoidal(units: 3), hidden: [6]),
    .multiscale(image: [1, 4, 4], scales: 2, hidden: [6]),
    .multiscale(image: [1, 4, 4], scales: 2, transformer: ShiftTransformer(), hidden: [6]),
  ]

  /// Every element of an image's values depends on every point's: scales and channels mix.
  @Test(arguments: flows.indices) func scalesMix(_ index: Int) {
    let flow = Compose(Self.flows[index].build(dimension: 16))
    let x = RandomKey(5).normal([16]).detached()
    let rows = handle(
      { jacobian(of: flow.forward(x), x) }, with: RandomWeights(6, isScaled: true))
    #expect(rows.allSatisfy { $0.allSatisfy { $0 != 0 } })
  }

  /// Images of three channels of 8 × 8 pixels: there and back again at three scales, the log
  /// determinant that of the Jacobian.
  @Test func colourImages() {
    let flows: [FlowArchitecture] = [
      .glow(image: [3, 8, 8], scales: 3, steps: 1, hidden: [4]),
      .multiscale(image: [3, 8, 8], scales: 3, couplings: 1, hidden: [4]),
    ]
    for flow in flows {
      let layers = Compose(flow.build(dimension: 192))
      let x = RandomKey(7).normal([2, 192]).detached()
      handle(
        {
          let (y, logDet) = layers.forwardAndLogDet(x, context: nil)
          let (back, inverse) = layers.inverseAndLogDet(y.detached(), context: nil)
          #expect(y.shape == [2, 192] && logDet.shape == [2])
          expectClose(back, x, within: .relative(1e-9, absolute: 1e-9))
          expectClose(inverse, -logDet, within: .relative(1e-9))
          let one = x.selecting(1, along: 0).detached()
          let exact = logDeterminant(jacobian(of: layers.forward(one), one))
          #expect((logDet.array()[1] - exact).magnitude < 1e-9 * max(1, exact.magnitude))
        }, with: RandomWeights(8, spread: 0.2, isScaled: true))
    }
  }

  /// A coupling of a chessboard keeps every other pixel to the bit, and changes the others.
  @Test func chessboard() throws {
    let image: Shape = [2, 4, 4]
    let layers = FlowArchitecture.multiscale(image: image, scales: 1, couplings: 1, hidden: [4])
      .build(dimension: 32)
    let coupling = try #require(layers.compactMap { $0 as? Coupling }.last)
    let board = Compose([Squeeze(), coupling, Squeeze().inv])
    let x = RandomKey(9).normal(image).detached()
    let y = handle({ board.forward(x) }, with: RandomWeights(10))
    let isSame = zip(x.array(), y.array()).map { $0 == $1 }
    #expect(isSame == CouplingMask.checkerboard(image).isKept)
  }
}
