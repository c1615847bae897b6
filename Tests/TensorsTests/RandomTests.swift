import CTensorKernels
import TestSupport
import Testing

@testable import Tensors

@Suite struct RandomTests {
  private let key = RandomKey(7)

  @Test func `the same key gives the same numbers`() {
    for make in [{ $0.normal([5, 3]) }, { $0.uniform([5, 3]) }, { $0.bits([5, 3]) }]
      as [(RandomKey) -> Tensor]
    {
      expectClose(make(RandomKey(7)), make(RandomKey(7)))
      #expect(make(RandomKey(7)).array() != make(RandomKey(8)).array())
    }
  }

  @Test func `the bits do not depend on the plan`() {
    let alone = key.normal([3000]).array()
    let fused = (key.normal([3000]) * 2 + 1) * Tensor.full([3000], 0.5) - 0.5
    let reduced = key.normal([3000]).sum()
    let (x, y) = (key.normal([3000]), key.uniform([3000]))
    eval([x, y, exp(x).sum(), reduced])
    #expect(x.array() == alone)
    expectClose(fused.array(), alone, within: .relative(1e-12, absolute: 1e-12))
    expectClose(reduced, [alone.reduce(0, +)], within: .relative(1e-10))
  }

  @Test func `the bits do not depend on the shape`() {
    let flat = key.uniform([24]).array()
    #expect(key.uniform([2, 3, 4]).array() == flat)
    #expect(key.uniform([100]).array().prefix(24).elementsEqual(flat))
    #expect(key.uniform([]).scalar() == flat[0])
  }

  @Test func `the bits do not depend on compilation`() throws {
    let eager = key.foldIn(3).normal([700])
    let function = try compile(for: [Tensor([3], shape: [])]) { [key.foldIn($0[0]).normal([700])] }
    expectClose(function([Tensor([3], shape: [])])[0], eager)
  }

  @Test func `draws of a batch equal the single draws`() {
    let step = Tensor([5], shape: [])
    for shape in [[], [1], [4], [3, 200]] as [Shape] {
      let draws = [key.foldIn(step).normal(shape), key.foldIn(step).foldIn("a").uniform(shape)]
      let batched = batch(draws, over: step, values: Tensor([5, 6, 9]))
      for (index, datum) in [5, 6, 9].enumerated() {
        expectClose(batched[0][index], key.foldIn(datum).normal(shape))
        expectClose(batched[1][index], key.foldIn(datum).foldIn("a").uniform(shape))
      }
    }
  }

  @Test func `scalar draws of keys made in the same plan`() {
    let draws = (0..<4).map { key.foldIn($0).normal() }
    eval(draws)
    for (index, draw) in draws.enumerated() {
      #expect(draw.scalar() == RandomKey(7).foldIn(index).normal([2]).array()[0])
    }
  }

  @Test func `keys folded in a graph are those folded by hand`() {
    let number = RandomKey(11).hostValue
    #expect(RandomKey(11).foldIn(5).hostValue == RandomKey.hostFoldIn(number, 5))
    #expect(RandomKey.host(number).foldIn("x").hostValue == RandomKey(11).foldIn("x").hostValue)
    #expect(Set((0..<1000).map { RandomKey.hostFoldIn(number, $0) }).count == 1000)
  }

  @Test func `names have the same datum in every process`() {
    #expect(RandomKey.datum(of: "") == Int(Int64(bitPattern: 0xcbf2_9ce4_8422_2325)))
    #expect(RandomKey.datum(of: "a") == Int(Int64(bitPattern: 0xaf63_dc4c_8601_ec8c)))
    #expect(RandomKey.datum(of: "foobar") == Int(Int64(bitPattern: 0x8594_4171_f739_67e8)))
  }

  /// Known answers of Random123's kat_vectors.
  @Test func `the block function is Philox 4×32-10`() {
    let cases: [([UInt32], [UInt32], [UInt32])] = [
      ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [UInt32](repeating: .max, count: 4), [.max, .max],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ]
    for (counter, key, expected) in cases {
      var output = [UInt32](repeating: 0, count: 4)
      ctk_philox4x32(counter, key, &output)
      #expect(output == expected)
    }
  }

  @Test func `moments are those of the distributions`() {
    let count = 200_000
    // Six standard errors: one false alarm in 10⁹.
    let tolerance = 6 / Double(count).squareRoot()
    let z = key.normal([count])
    #expect(abs(z.mean().scalar()) < tolerance)
    #expect(abs(square(z).mean().scalar() - 1) < tolerance * 2.0.squareRoot())
    #expect(abs(pow(z, 3).mean().scalar()) < tolerance * 15.0.squareRoot())
    #expect(abs(pow(z, 4).mean().scalar() - 3) < tolerance * 96.0.squareRoot())
    let u = key.uniform([count])
    #expect(abs(u.mean().scalar() - 0.5) < tolerance / 12.0.squareRoot())
    #expect(abs(square(u).mean().scalar() - 1.0 / 3) < tolerance * 0.298)
    #expect(u.min().scalar() > 0 && u.max().scalar() < 1)
    let neighbours = (z[0..<count - 1] * z[1..<count]).mean().scalar()
    #expect(abs(neighbours) < tolerance)
    let streams = (z * key.foldIn(1).normal([count])).mean().scalar()
    #expect(abs(streams) < tolerance)
  }

  @Test func `float32 draws are float32 and inside their interval`() {
    let u = key.uniform([100_000], dtype: .float32)
    #expect(u.dtype == .float32)
    #expect(u.min().scalar() > 0 && u.max().scalar() < 1)
    #expect(isFinite(key.normal([100_000], dtype: .float32)).all().boolArray() == [true])
  }
}
