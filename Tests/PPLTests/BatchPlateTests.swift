import Foundation
import PPL
import TestSupport
import Testing

/// Fits that see a mini-batch at a time.
@Suite struct BatchPlateTests {
  private static let x = Tensor.linspace(-2, 2.5, count: 10)
  private static let y: Tensor = 1.4 * x + 0.2 * sin(3 * x)

  private static func make(
    size: Int, dtype: DType = .float64, rate: Double = 0.01, particles: Int = 1, seed: Int = 3,
    reads: Bool = false, rows: Journal<[Double]>? = nil
  ) throws -> SVI {
    let batches = Batches([x.cast(to: dtype), y.cast(to: dtype)], size: size)
    return try SVI(
      {
        let slope = sample("slope", Normal(0, 1))
        plate("rows", batches) { columns in
          if reads { _ = columns[0].array() }
          rows?.append(columns[0].array())
          sample("y", Normal(slope * columns[0], 0.5), observed: columns[1])
        }
      },
      guide: {
        sample("slope", Normal(param("loc", 0), param("scale", 0.1, constraint: .positive)))
      }, optimizer: Adam(.constant(rate)), loss: TraceELBO(particles: particles), dtype: dtype,
      seed: seed)
  }

  /// Every step has the rows that its number and the fit's key say, model code or plan.
  @Test func rowsOfSteps() throws {
    let rows = Journal<[Double]>()
    let svi = try Self.make(size: 4, reads: true, rows: rows)
    _ = rows.drain()
    for _ in 0..<6 { try svi.step() }
    let batches = Batches([Self.x], size: 4)
    let expected = (0..<6).map { batches.tensors(step: $0, key: RandomKey(3))[0].array() }
    #expect(rows.all == expected)
    #expect(Set(expected.map(\.description)).count == 6)
  }

  /// Stepping, running, and running code that reads its batch give the same losses.
  @Test(arguments: [DType.float64, .float32], [1, 3])
  func stepAndRunAgree(_ dtype: DType, _ particles: Int) throws {
    func make(reads: Bool = false) throws -> SVI {
      try Self.make(size: 4, dtype: dtype, particles: particles, reads: reads)
    }
    let (stepped, ran, read) = (try make(), try make(), try make(reads: true))
    let losses = try (0..<9).map { _ in try stepped.step() }
    let fit = try ran.run(steps: 9, showsProgress: false)
    #expect(losses.map(\.bits) == fit.losses.map(\.bits))
    #expect(stepped.parameters.values.bits == ran.parameters.values.bits)
    for loss in losses {
      let other = try read.step()
      #expect((other - loss).magnitude <= (dtype == .float32 ? 1e-4 : 1e-12) * loss.magnitude)
    }
  }

  /// Where a batch is everything, nothing is lost: the loss is that of all rows.
  @Test func wholeBatches() throws {
    let batched = try Self.make(size: 10)
    let svi = try SVI(
      {
        let slope = sample("slope", Normal(0, 1))
        plate("rows", 10) { _ = sample("y", Normal(slope * Self.x, 0.5), observed: Self.y) }
      },
      guide: {
        sample("slope", Normal(param("loc", 0), param("scale", 0.1, constraint: .positive)))
      }, optimizer: Adam(0.01), seed: 3)
    for _ in 0..<3 { expectClose([try batched.step()], [try svi.step()], within: .relative(1e-12)) }
  }

  /// Conjugate: precision 1 + Σx²/0.25, mean Σxy/0.25 over it.
  @Test func fits() throws {
    let fit = try Self.make(size: 5, rate: 0.003, particles: 8).run(
      steps: 6000, showsProgress: false)
    let (xs, ys) = (Self.x.array(), Self.y.array())
    let (squares, products) = (xs.map { $0 * $0 }, zip(xs, ys).map { $0 * $1 })
    let precision = 1 + 4 * squares.reduce(0, +)
    let mean = 4 * products.reduce(0, +) / precision
    #expect((fit.parameters.scalar("loc") - mean).magnitude < 0.03)
    #expect((fit.parameters.scalar("scale") * precision.squareRoot() - 1).magnitude < 0.1)
    // After the fit, all rows count: the log evidence, less the divergence of the guide.
    let (all, square) = (squares.reduce(0, +), ys.map { $0 * $0 }.reduce(0, +))
    let mahalanobis = 4 * (square - mean * mean * precision * precision / 16 / (0.25 + all))
    let evidence =
      -0.5 * (10 * Foundation.log(0.5 * Double.pi) + Foundation.log(1 + 4 * all) + mahalanobis)
    let (loc, scale) = (fit.parameters.scalar("loc"), fit.parameters.scalar("scale"))
    let spread = scale * scale * precision
    let divergence =
      0.5 * (spread + (loc - mean) * (loc - mean) * precision - 1 - Foundation.log(spread))
    let elbo = try fit.elbo(particles: 4000)
    #expect((elbo.mean - evidence + divergence).magnitude < 4.9 * elbo.error)
    #expect(elbo.error < 0.1)
  }

  /// Parameters for all rows, and arrays beside the batch: those of the rows of the batch.
  @Test func rowsOfParameters() throws {
    let batches = Batches([Self.x], size: 4)
    let offsets = Tensor.linspace(0, 9, count: 10)
    let rows = Journal<[Double]>()
    func model(_ reads: Bool) {
      plate("rows", batches) { columns in
        let own = param("own", Tensor.zeros([10]), eventRank: 0)
        let offset = subsample(offsets)
        if reads { rows.append(columns[0].array() + offset.array()) }
        sample("x", Normal(own + offset, 1), observed: columns[0])
      }
    }
    for reads in [false, true] {
      let svi = try SVI(
        { model(reads) }, guide: {}, optimizer: SGD(.constant(0.4)), seed: 3)
      _ = rows.drain()
      let fit = try svi.run(steps: 400, showsProgress: false)
      // Each row's own parameter makes up for the difference.
      let expected = zip(Self.x.array(), offsets.array()).map { $0 - $1 }
      expectClose(
        fit.parameters["own"]!, expected, shape: [10], within: .relative(0, absolute: 1e-9))
    }
    let x = Self.x.array()
    for read in rows.all {
      for place in 0..<4 { #expect(x[Int(read[4 + place])] == read[place]) }
    }
    #expect(rows.all.count >= 400)
  }

  /// A guide of single sites for what is latent in each row: z ~ N(0, 1), x ~ N(z, 1).
  @Test func localLatents() throws {
    let batches = Batches([Self.x], size: 5)
    let fit = try SVI(
      {
        plate("rows", batches) { columns in
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: columns[0])
        }
      }, NormalGuide(start: .at()), optimizer: Adam(.cosine(0.05, steps: 3000)),
      loss: TraceELBO(particles: 4)
    ).run(steps: 3000, showsProgress: false)
    expectClose(
      fit.parameters["z_auto_loc"]!, Self.x.array().map { $0 / 2 }, shape: [10],
      within: .relative(0, absolute: 0.1))
    #expect(try fit.samplePosterior(3).map(\.draws.shape) == [[3, 10]])
  }

  @Test func scaleAndPlate() throws {
    let batches = Batches([Self.x], size: 4)
    let record = try seeded(key: RandomKey(1)) {
      try trace { plate("rows", batches) { sample("x", Normal(0, 1), observed: $0[0]) } }
    }
    #expect(record["x"]?.plates == [.init(name: "rows", size: 10, axis: -1, count: 10)])
  }
}
