internal import Foundation
internal import PPL

/// A network that brings points nearer to each other, by a factor of at least `bound`, as a function of
/// its weights.
///
/// Each weight matrix is divided by what its largest singular value exceeds its share of the bound
/// by (Miyato et al. 2018, Behrmann et al. 2019); that of a convolution by as much more as
/// neighbourhoods are longer than images.
struct LipschitzNetwork: Sendable {
  private let network: any WeightedNetwork
  /// What each weight matrix's largest singular value may be.
  private let bound: Double

  /// A fully connected one.
  ///
  /// - Parameters:
  ///   - dimension: of points and values.
  ///   - bound: less than 1.
  ///   - activation: of slopes between −1 and 1.
  ///   - context: moves the units of the first layer.
  init(
    dimension: Int, hidden: [Int], bound: Double, activation: Activation, name: String,
    context: ContextNetwork?
  ) {
    network = DenseNetwork(
      [dimension] + hidden + [dimension], activation: activation, name: name, context: context)
    self.bound = Self.share(bound, hidden.count + 1, name)
  }

  /// One of convolutions.
  init(
    image: Shape, hidden: [Int], bound: Double, activation: Activation, name: String,
    context: ContextNetwork?
  ) {
    let network = ImageNetwork(
      image: image, hidden: hidden, activation: activation, name: name, context: context)
    self.network = network
    self.bound = Self.share(bound, hidden.count + 1, name) / network.reach
  }

  /// Each layer's share of a bound.
  private static func share(_ bound: Double, _ layers: Int, _ name: String) -> Double {
    precondition(
      bound > 0 && bound < 1, "\(name): the Lipschitz bound must be in (0, 1), got \(bound)")
    return pow(bound, 1 / Double(layers))
  }

  func parameters(_ context: Tensor?) -> [Tensor] { network.parameters(context) }

  /// The weights as they are multiplied with, and the biases.
  func normalized(_ parameters: [Tensor]) -> [Tensor] {
    parameters.enumerated().map { index, parameter in
      guard index % 2 == 0 else { return parameter }
      return parameter / maximum(1, spectralNormBound(parameter) / bound)
    }
  }

  func callAsFunction(_ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    network(x, normalized(parameters))
  }
}

/// An upper bound on the largest singular value of an n × m matrix, above it by less than
/// min(n, m)^(1/128): ‖(AᵀA)³²‖ in the Frobenius norm, to the power 1/64 (Delattre et al. 2023).
func spectralNormBound(_ matrix: Tensor) -> Tensor {
  let isWide = matrix.shape[0] < matrix.shape[1]
  var gram =
    isWide ? matmul(matrix, matrix.transposed()) : matmul(matrix.transposed(), matrix)
  var logNorm: Tensor = 0
  // Each power divided by its norm, so that none overflows.
  for power in 0...5 {
    if power > 0 { gram = matmul(gram, gram) }
    let norm = sqrt(maximum(square(gram).sum(), 1e-30))
    gram = gram / norm
    logNorm = 2 * logNorm + log(norm)
  }
  return exp(logNorm / 64)
}
