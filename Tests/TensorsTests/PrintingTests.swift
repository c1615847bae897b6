import TestSupport
import Testing

@testable import Tensors

/// Tensors print as NumPy's arrays do, followed by dtype and shape.
@Suite struct PrintingTests {
  @Test(arguments: GoldenFile.shared?.printing ?? [])
  func `the text is NumPy's`(_ printed: GoldenFile.Printed) {
    let value = printed.value
    #expect("\(value.tensor)" == "\(printed.text) (\(value.dtype) \(value.shape))")
  }

  @Test func `float32 prints its own digits`() {
    #expect("\(Tensor([0.1, 1.0 / 3] as [Float]))" == "[0.1        0.33333334] (float32 [2])")
    #expect("\(Tensor([1e10, 1] as [Float]))" == "[1.e+10 1.e+00] (float32 [2])")
  }

  @Test func `printing computes the value`() {
    #expect("\(Tensor([1.0, 2]) + 1)" == "[2. 3.] (float64 [2])")
  }

  @Test func `the golden file is there`() throws {
    #expect(try #require(GoldenFile.shared).printing.count > 40)
  }
}
