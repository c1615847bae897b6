/// Student's distribution with location 0 and scale 1.
enum StandardStudent {
  /// −½ (ν + 1) log(1 + z²/ν) − ½ log ν − log B(½, ν/2)
  static func logDensity(_ z: Tensor, _ df: Tensor) -> Tensor {
    let tail = log1pSquare(z / sqrt(df))
    return minusHalf * (df + 1) * tail - logNormalizer(df)
  }

  /// ½ log ν + log B(½, ν/2), by h = ν/2 and parts that stay small for large ones:
  /// ½ log 2π + ½ − (h + ½) log(1 + 1/2h) + log Γ(h)/Γ(h + ½), the last two without their peaks.
  private static func logNormalizer(_ df: Tensor) -> Tensor {
    let h = 0.5 * df
    let next = h + 0.5
    return (halfLog2Pi + 0.5) + (gammaPeak(next) - gammaPeak(h)) - next * log1p(0.5 / h)
  }

  /// log(1 + x²); the square of a large number overflows.
  private static func log1pSquare(_ x: Tensor) -> Tensor {
    let isFar = abs(x) .> 1e9
    return `where`(isFar, 2 * log(abs(x)), log1p(square(`where`(isFar, 1, x))))
  }

  /// The probabilities inside and outside of ±z, each from the incomplete beta function that is
  /// small where it is. The derivative by z is not the density at 0: see `withDensity`.
  static func masses(_ z: Tensor, _ df: Tensor) -> (inside: Tensor, outside: Tensor) {
    let s = square(z)
    let isNear = s .< 1
    let isZero = s .== 0
    // The density of a beta distribution at 0 is infinite, and so would be the derivative by ν.
    let near = `where`(isZero .|| .!isNear, 0.5, s)
    let inside = `where`(isZero, 0, betainc(0.5, 0.5 * df, near / (df + near)))
    let outside = betainc(0.5 * df, 0.5, 1 / (1 + `where`(isNear, 2, s) / df))
    return (`where`(isNear, inside, 1 - outside), `where`(isNear, 1 - inside, outside))
  }

  /// Two independent uniform numbers make a draw without rejection (Bailey 1994):
  /// √(ν (u^(−2/ν) − 1)) · cos 2πv.
  static func noise(_ df: Tensor, _ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    let w = -log(key.foldIn(0).uniform(shape, dtype: dtype)) / df
    let angle = 2 * Double.pi * key.foldIn(1).uniform(shape, dtype: dtype)
    return sqrt(df) * exp(w) * sqrt(-expm1(-2 * w)) * cos(angle)
  }

  /// The t > 0 with probability `outside` beyond ±t and 1 − `outside` = `inside` between.
  static func quantile(inside: Tensor, outside: Tensor, _ df: Tensor) -> Tensor {
    let t = distance(
      inside: inside.cast(to: .float64), outside: outside.cast(to: .float64), df.cast(to: .float64))
    return withCustomDerivative(
      value: t.cast(to: drawDType([outside, df], .float64)),
      inputs: [outside.broadcast(to: t.shape), df]
    ) { ct, inputs, t in
      // At fixed probability; the mass outside falls with twice the density.
      let (t, df) = (stopGradient(t), inputs[1])
      let scaled = stopGradient(ct * 0.5 * exp(-logDensity(t, df)))
      return [-scaled, gradient(of: (scaled * masses(t, df).outside).sum(), withRespectTo: df)]
    }
  }

  /// As functions of log t the logarithms of both masses are concave, so that Newton's steps
  /// converge from one side: for the smaller mass, from the straight line it tends to or, for many
  /// degrees of freedom, from the normal quantile.
  private static func distance(inside: Tensor, outside: Tensor, _ df: Tensor) -> Tensor {
    let isNear = inside .< 0.5
    /// log of twice the density at 0.
    let logPeak = logTwo - logNormalizer(df)
    let asymptote = (logPeak + 0.5 * (df - 1) * log(df) - log(outside)) / df
    let far = `where`(df .< 4, asymptote, log(-normalQuantile(0.5 * outside)))
    let start = `where`(isNear, log(inside) - logPeak, far)
    let result = whileLoop(
      initial: [start, start * 0 + 1],
      condition: { (abs($0[1]) .> 1e-13 * (1 + abs($0[0]))).any() },
      body: { carry in
        let t = exp(carry[0])
        let masses = masses(t, df)
        let slope = 2 * t * exp(logDensity(t, df))
        let change =
          `where`(
            isNear, log(inside / masses.inside) * masses.inside,
            log(masses.outside / outside) * masses.outside) / slope
        // What has left the range of numbers stays where it is.
        let step = `where`(isFinite(change), change, 0)
        return [carry[0] + step, step]
      }, maxIterations: 60)
    return exp(result[0])
  }
}
