internal import PPL

/// The v with v + (s − 1) tanh v = t, for s > 0, differentiable.
///
/// Planar and Sylvester layers invert through it: the equation increases in v.
func tanhRoot(_ t: Tensor, _ s: Tensor) -> Tensor {
  let gain = s - 1
  return monotoneRoot(of: t, between: (t - abs(gain), t + abs(gain))) { v in
    let h = tanh(v)
    return (v + gain * h, tanhSlope(h, s))
  }
}

/// The slope of v ↦ v + (s − 1) tanh v where tanh v = h: a mean of 1 and s, which loses nothing where s
/// is close to 0.
func tanhSlope(_ h: Tensor, _ s: Tensor) -> Tensor {
  let square = h * h
  return square + (1 - square) * s
}
