import Foundation
import Tensors

/// How near two particles are to each other.
///
/// A function of s = Σ_d δ_d² / (D h_d), the squared distance in D coordinates, each measured by its
/// bandwidth h_d: the median of squared distances between particles, divided by log(n + 1) for n
/// particles (Liu and Wang 2016), times a factor.
public struct SteinKernel: Sendable {
  private enum Form {
    case rbf
    case imq(alpha: Double, beta: Double)
  }

  private let form: Form
  private let bandwidthFactor: Double

  /// exp(−s).
  public static func rbf(bandwidthFactor: Double = 1) -> SteinKernel {
    SteinKernel(.rbf, bandwidthFactor)
  }

  public static var rbf: SteinKernel { .rbf() }

  /// The inverse multiquadric (α + s)^β, whose tails are heavier (Gorham and Mackey 2017).
  ///
  /// - Parameters:
  ///   - alpha: above 0.
  ///   - beta: below 0.
  public static func imq(
    alpha: Double = 0.5, beta: Double = -0.5, bandwidthFactor: Double = 1
  ) -> SteinKernel {
    precondition(alpha > 0, "SteinKernel: alpha must be positive, got \(alpha)")
    precondition(beta < 0, "SteinKernel: beta must be negative, got \(beta)")
    return SteinKernel(.imq(alpha: alpha, beta: beta), bandwidthFactor)
  }

  public static var imq: SteinKernel { .imq() }

  private init(_ form: Form, _ bandwidthFactor: Double) {
    precondition(
      bandwidthFactor > 0, "SteinKernel: bandwidthFactor must be positive, got \(bandwidthFactor)")
    self.form = form
    self.bandwidthFactor = bandwidthFactor
  }

  /// Where the particles move: for each the mean over all of kernel · gradient, which pulls
  /// to where the density is high, plus the kernel's gradient, which pushes them apart.
  ///
  /// - Parameters:
  ///   - particles: n × D.
  ///   - slopes: gradients of the log density there.
  func direction(_ particles: Tensor, _ slopes: Tensor, _ mode: SVGD.Mode) -> Tensor {
    // Axes: the particle that moves, the other one, the coordinate.
    let differences = particles - particles.expandingDims(at: 1)
    let bandwidths = bandwidths(square(differences))
    let scaled = square(differences) / bandwidths
    let distances = mode == .univariate ? scaled : scaled.mean(axes: [2], keepingAxes: true)
    let values = value(distances)
    // By the coordinate of the other one: δ² / h has the derivative 2 δ / h.
    let share = mode == .univariate ? 1 : 1 / Double(particles.shape[1])
    let repulsion = slope(distances, values) * 2 * share * differences / bandwidths
    return (values * slopes + repulsion).mean(axis: 1)
  }

  /// The bandwidth of each coordinate.
  private func bandwidths(_ squares: Tensor) -> Tensor {
    let (count, width) = (squares.shape[0], squares.shape[2])
    let all = (0..<count * count).filter { $0 / count < $0 % count }
    // The median of a few thousand pairs, evenly chosen, is as good as that of all.
    let pairs = stride(from: 0, to: all.count, by: max(1, all.count / 2048)).map { all[$0] }
    let distances = squares.reshaped(to: [count * count, width])[Tensor(pairs)]
    let median = distances.quantiles([0.5], axis: 0).squeezing(at: 0)
    // Particles that all start in one place have no distance to measure by.
    return `where`(median .> 0, median, 1) * (bandwidthFactor / log(Double(count + 1)))
  }

  private func value(_ s: Tensor) -> Tensor {
    switch form {
    case .rbf: exp(-s)
    case .imq(let alpha, let beta): exp(beta * log(alpha + s))
    }
  }

  private func slope(_ s: Tensor, _ values: Tensor) -> Tensor {
    switch form {
    case .rbf: -values
    case .imq(let alpha, let beta): beta * values / (alpha + s)
    }
  }
}
