import Tensors

extension Site {
  /// Traps where a value that was given does not go with the draws.
  ///
  /// It may be one for all of them, or have further outer axes. What broadcasts to more than either
  /// has, a column of means against a row of data say, would count each datum against each mean; so
  /// would data that repeat along an axis that is no plate's.
  func requireFit() {
    guard let value, let distribution else { return }
    // Nearly always; what follows takes longer.
    if value.shape == distribution.batchShape + distribution.eventShape { return }
    if value.count == 1 { return }
    // A handler may have put another distribution in the place of one that a plate has repeated.
    let batch = distribution.batchShape.broadcast(with: plateShape) ?? distribution.batchShape
    let draws = batch + distribution.eventShape
    let common = value.shape.broadcast(with: draws)
    let isCounted = common == value.shape || common == draws && !repeats(value.shape, batch)
    precondition(
      isCounted,
      """
      site "\(name)": a value of shape \(value.shape), where draws have the shape \(draws)\
      \(platesNote); reshape the value or the distribution's parameters, mark axes of one draw with \
      toEvent(), or declare a plate
      """)
  }

  /// Whether a value in plates is one for several draws along an axis of the batch that is no plate's.
  private func repeats(_ value: Shape, _ batch: Shape) -> Bool {
    let eventRank = distribution?.eventShape.rank ?? 0
    return !plates.isEmpty
      && batch.indices.contains { axis in
        let place = axis - batch.rank
        let own = value.rank - eventRank + place
        return batch[axis] > 1 && (own < 0 || value[own] == 1)
          && !plates.contains { $0.axis == place }
      }
  }

  /// The plates with their axes and sizes.
  private var platesNote: String {
    guard !plates.isEmpty else { return "" }
    let list = plates.map { "\"\($0.name)\" (\($0.count) along axis \($0.axis))" }
    return " in \(plates.count == 1 ? "plate" : "plates") \(list.joined(separator: ", "))"
  }

  /// Traps unless a value that a site is yet to have, under this name or another, broadcasts with its
  /// draws.
  func requireFit(_ value: Tensor, _ giver: StaticString) {
    guard let shape = drawShape else { return }
    precondition(
      value.shape.broadcast(with: shape) != nil,
      """
      \(giver): a value of shape \(value.shape) for site "\(name)", whose draws have the shape \
      \(shape)
      """)
  }
}
