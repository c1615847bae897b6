import Tensors

/// Which coordinates of a model's unconstrained latent vector depend on which in its posterior.
///
/// Two coordinates interact where the derivative of the log density with respect to one changes with
/// the other: one stands in the other's distribution, or both in that of a third, observed or not. A
/// coordinate given all before it depends on those it interacts with, directly or through later ones,
/// which are eliminated one by one, each connecting all that it interacts with (Webb et al. 2018).
package struct PosteriorGraph {
  /// For each coordinate, which of those before it it depends on.
  package let parents: [[Bool]]

  /// - Throws: what a search for a start throws where the density cannot be had: for models that
  ///   branch on values, take random subsets or have discrete sites.
  init(_ model: @escaping () -> Void) throws {
    let density = try LogDensity(model, seed: 0)
    let count = density.dimension
    var interacts = [[Bool]](repeating: [Bool](repeating: false, count: count), count: count)
    for draw in 0..<3 {
      let point = RandomKey(0).foldIn("graph").foldIn(draw).normal([count]).detached()
      // The gradient at the point, and where one coordinate after the other has been moved.
      let moved = concat([Tensor.zeros([1, count]), 0.5 * Tensor.eye(count)]) + point
      let gradients = try density.gradients(at: moved.detached()).rows()
      for (column, gradient) in gradients.dropFirst().enumerated() {
        for (row, slope) in gradient.enumerated() {
          let before = gradients[0][row]
          guard !((slope - before).magnitude <= 1e-10 * max(1, before.magnitude)) else { continue }
          interacts[row][column] = true
          interacts[column][row] = true
        }
      }
    }
    for last in (0..<count).reversed() {
      let earlier = (0..<last).filter { interacts[last][$0] }
      for a in earlier { for b in earlier { interacts[a][b] = true } }
    }
    parents = (0..<count).map { row in (0..<count).map { $0 < row && interacts[row][$0] } }
  }
}
