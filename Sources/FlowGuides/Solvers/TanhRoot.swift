internal import PPL

/// The v with v + k tanh v = t, for k > −1, differentiable.
///
/// Planar and Sylvester layers invert through it: the equation increases in v.
func tanhRoot(_ t: Tensor, _ k: Tensor) -> Tensor {
  monotoneRoot(of: t, between: (t - abs(k), t + abs(k))) { v in
    let h = tanh(v)
    return (v + k * h, 1 + k * (1 - h * h))
  }
}
