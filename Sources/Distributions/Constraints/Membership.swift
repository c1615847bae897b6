/// How far a sum or a norm may be from what it should be because of rounding: 10⁻⁸ in float64, 10⁻⁵
/// in float32, relative to the magnitude of the summands.
func roundingTolerance(_ value: Tensor) -> Tensor { value.dtype == .float32 ? 1e-5 : 1e-8 }

extension ConstraintSet {
  /// Traps unless the value has the axes of an event.
  func requireEvent(_ value: Tensor) {
    precondition(
      value.rank >= eventRank,
      "a value that is \(self) has at least \(eventRank) axes, got the shape \(value.shape)")
  }

  /// Traps unless the value ends in the axes of a square matrix.
  func requireSquare(_ value: Tensor) {
    requireEvent(value)
    precondition(
      value.shape[value.rank - 1] == value.shape[value.rank - 2],
      "a value that is \(self) is a square matrix, got the shape \(value.shape)")
  }
}

extension Tensor {
  /// Whether a mask holds for all elements of the last axis, or of each matrix.
  func allInVector() -> Tensor { all(axes: [-1]) }
  func allInMatrix() -> Tensor { all(axes: [-2, -1]) }

  /// Whether each matrix is zero above the diagonal and finite on and below it.
  func isLowerTriangular() -> Tensor {
    ((triu(self, 1) .== 0) .&& isFinite(tril(self))).allInMatrix()
  }

  /// Whether each square matrix is finite and equal to its transpose but for rounding.
  func isSymmetric() -> Tensor {
    let difference = abs(self - transposed())
    let allowed = roundingTolerance(self) * abs(self).max(axes: [-2, -1], keepingAxes: true)
    return (isFinite(self) .&& (difference .<= allowed)).allInMatrix()
  }
}
