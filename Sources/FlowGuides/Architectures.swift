import Foundation
import PPL

// In all of them `hidden` are the widths of the networks' hidden layers: two of 64 units by default, or
// of as many as there are coordinates if these are more. Layers that are too narrow for each coordinate
// to depend on all others before it stop the program: a sequence of D coordinates takes D − 1 units, and
// one more with a context.

// MARK: Affine flows

extension FlowArchitecture {
  /// Couplings that shift, and a scale for each coordinate (Dinh et al. 2015).
  public static func nice(
    layers: Int = 4, hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, .coupling, hidden, activation, "nice")
    return FlowArchitecture { dimension, context in
      stack.build(dimension, context) { _ in ShiftTransformer() }
        + [DiagonalAffine(dimension: dimension, name: "flow")]
    }
  }

  /// Affine couplings (Dinh et al. 2017).
  ///
  /// - Parameter form: how the scales are limited.
  public static func realNVP(
    layers: Int = 4, hidden: [Int]? = nil, form: AffineForm = .softClamped,
    activation: Activation = .elu
  ) -> FlowArchitecture {
    affine(LayerStack(layers, .coupling, hidden, activation, "realNVP"), form)
  }

  /// Masked autoregressive affine layers (Papamakarios et al. 2017): fast at scoring data.
  ///
  /// - Parameter form: how the scales are limited.
  public static func maf(
    layers: Int = 3, hidden: [Int]? = nil, form: AffineForm = .softClamped,
    activation: Activation = .elu
  ) -> FlowArchitecture {
    affine(LayerStack(layers, .masked, hidden, activation, "maf"), form)
  }

  /// Inverse autoregressive affine layers (Kingma et al. 2016): fast at drawing, and at scoring
  /// what was drawn, as a guide needs.
  ///
  /// - Parameter form: how the scales are limited.
  public static func iaf(
    layers: Int = 2, hidden: [Int]? = nil, form: AffineForm = .tanhClamped,
    activation: Activation = .elu
  ) -> FlowArchitecture {
    affine(LayerStack(layers, .inverseMasked, hidden, activation, "iaf"), form)
  }

  private static func affine(_ stack: LayerStack, _ form: AffineForm) -> FlowArchitecture {
    FlowArchitecture(following: { dimension, context, dependencies in
      let flow = stack.build(dimension, context, dependencies) { _ in AffineTransformer(form) }
      guard form == .gated else { return flow }
      // Gated layers cannot expand; something after them must, at first by as much as they contract.
      let scale = Double(stack.layers) * log1p(exp(-2 - AffineTransformer(form).start[1]))
      return flow + [DiagonalAffine(dimension: dimension, name: "flow", initialLogScale: scale)]
    })
  }
}

// MARK: Spline flows

extension FlowArchitecture {
  /// Rational quadratic splines on [−bound, bound] (Durkan et al. 2019).
  ///
  /// Each layer maps that interval onto itself and is the identity outside, so the flow of a standard
  /// normal base has next to nothing beyond it: scale data to fit, or put an `ActNorm` at the end. Guides
  /// learn the scale. For them `.inverseMasked` is the nearest fit; a bound of 8 gives a posterior
  /// that is much wider than the start more room, which sticking the landing needs.
  ///
  /// - Parameters:
  ///   - conditioning: what the splines of a coordinate follow, and so which direction is fast.
  ///   - bins: of each spline.
  ///   - bound: where the splines end.
  public static func nsf(
    layers: Int = 4, conditioning: Conditioning = .coupling, bins: Int = 8, bound: Double = 5,
    hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, conditioning, hidden, activation, "nsf")
    return stack.architecture(of: RationalQuadraticSpline(bins: bins, bound: bound))
  }

  /// Splines on the circle, for angles in [−π, π] (Rezende et al. 2020). The base must be a
  /// distribution of angles too.
  ///
  /// - Parameter bins: of each spline.
  public static func ncsf(
    layers: Int = 3, conditioning: Conditioning = .masked, bins: Int = 8, hidden: [Int]? = nil,
    activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, conditioning, hidden, activation, "ncsf")
    return FlowArchitecture(following: { dimension, context, dependencies in
      stack.build(dimension, context, dependencies, spacer: CircularShift()) { _ in
        CircularSpline(bins: bins)
      }
    })
  }
}

// MARK: Flows of smooth monotone functions

extension FlowArchitecture {
  /// Neural autoregressive flows (Huang et al. 2018): `DeepSigmoidal` transformers.
  ///
  /// - Parameter units: of each transformer.
  public static func naf(
    layers: Int = 2, conditioning: Conditioning = .masked, units: Int = 16, hidden: [Int]? = nil,
    activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, conditioning, hidden, activation, "naf")
    return stack.architecture(of: DeepSigmoidal(units: units))
  }

  /// Unconstrained neural autoregressive flows (Wehenkel & Louppe 2019): `UnconstrainedMonotonic`
  /// transformers.
  ///
  /// - Parameters:
  ///   - signal: how many numbers tell the integrand about its coordinate.
  ///   - integrand: the widths of its network's hidden layers.
  public static func unaf(
    layers: Int = 2, conditioning: Conditioning = .masked, signal: Int = 16,
    integrand: [Int] = [64, 64], hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, conditioning, hidden, activation, "unaf")
    return FlowArchitecture(following: { dimension, context, dependencies in
      stack.build(dimension, context, dependencies) { name in
        UnconstrainedMonotonic(signal: signal, hidden: integrand, name: name)
      }
    })
  }

  /// Sum-of-squares polynomial flows (Jaini et al. 2019).
  ///
  /// - Parameters:
  ///   - polynomials: how many squares are summed.
  ///   - degree: of each polynomial.
  public static func sospf(
    layers: Int = 2, conditioning: Conditioning = .masked, polynomials: Int = 3, degree: Int = 4,
    hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, conditioning, hidden, activation, "sospf")
    return stack.architecture(of: SumOfSquares(polynomials: polynomials, degree: degree))
  }

  /// Bernstein polynomial flows (Sick et al. 2020).
  ///
  /// - Parameter degree: of the polynomials.
  public static func bpf(
    layers: Int = 2, conditioning: Conditioning = .masked, degree: Int = 16,
    hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    let stack = LayerStack(layers, conditioning, hidden, activation, "bpf")
    return stack.architecture(of: BernsteinPolynomial(degree: degree))
  }

  /// Gaussianization flows (Meng et al. 2020): every coordinate of the data is made normal on its
  /// own, with rotations in between. A context moves the parameters of the coordinates' maps.
  ///
  /// - Parameters:
  ///   - components: of the mixture that each coordinate of a layer is taken to follow.
  ///   - hidden: the widths of the networks that follow a context; two of 64 by default.
  public static func gf(
    layers: Int = 3, components: Int = 8, hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(layers > 0, "gf: layers must be positive, got \(layers)")
    return FlowArchitecture { dimension, context in
      (0..<layers).flatMap { index -> [any Bijector] in
        let layer = MaskedAutoregressive(
          .none(dimension), transformer: Gaussianization(components: components),
          network: MADE(hidden: hidden ?? [64, 64], activation: activation),
          contextDimension: context, name: "flow\(index)")
        let rotation = Rotation(dimension: dimension, name: "flow\(index).rotation")
        return index == 0 ? [layer] : [rotation, layer]
      }
    }
  }
}
