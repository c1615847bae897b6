internal import PPL

/// ∂f/∂x for a function of vectors that treats outer axes as a batch: of shape … × n × n for x of
/// shape … × n. One evaluation for all rows.
func jacobian(at x: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
  let n = x.shape[x.rank - 1]
  let copies = x.broadcast(to: [n] + x.shape).alias
  let ones = [Int](repeating: 1, count: x.rank - 1)
  let seeds = Tensor.eye(n, dtype: x.dtype).reshaped(to: [n] + Shape(ones) + [n])
  let rows = gradient(of: (function(copies) * seeds).sum(), withRespectTo: copies)
  return rows.transposed(to: Array(1..<x.rank) + [0, x.rank])
}
