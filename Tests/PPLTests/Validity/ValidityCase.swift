import PPL

/// A model with a guide, and what becomes of them under an objective.
struct ValidityCase: Sendable, CustomStringConvertible {
  enum Outcome: Sendable {
    /// Steps and runs, with finite losses.
    case fits
    /// A typed error, when the fit is made or at its first step, whose description has these words.
    case fails([String])
  }

  let name: String
  let objective: any Objective
  let outcome: Outcome
  let model: @Sendable () -> Void
  let guide: @Sendable () -> Void

  var description: String { "\(name), \(type(of: objective))" }

  static func fits<Model, Guide>(
    _ name: String, _ objectives: [any Objective] = Objectives.differentiable,
    model: @escaping @Sendable () -> Model, guide: @escaping @Sendable () -> Guide
  ) -> [ValidityCase] {
    objectives.map {
      ValidityCase(
        name: name, objective: $0, outcome: .fits, model: { _ = model() },
        guide: { _ = guide() })
    }
  }

  static func fails<Model, Guide>(
    _ name: String, _ words: [String], _ objectives: [any Objective] = Objectives.all,
    model: @escaping @Sendable () -> Model, guide: @escaping @Sendable () -> Guide
  ) -> [ValidityCase] {
    objectives.map {
      ValidityCase(
        name: name, objective: $0, outcome: .fails(words),
        model: { _ = model() }, guide: { _ = guide() })
    }
  }
}

/// The objectives by what they can do.
enum Objectives {
  /// Those that take reparameterised guides.
  static let differentiable: [any Objective] = [
    TraceELBO(), TraceELBO(particles: 3), TraceMeanFieldELBO(), TraceGraphELBO(),
    RenyiELBO(alpha: 0, particles: 3), RenyiELBO(alpha: 0.5, particles: 3),
    ReweightedWakeSleep(particles: 3), TailAdaptiveELBO(particles: 3), TraceEnumELBO(),
  ]
  /// Those that take guides with discrete draws.
  static let scoring: [any Objective] = [
    TraceELBO(), TraceELBO(particles: 3), TraceGraphELBO(), RenyiELBO(particles: 3),
    ReweightedWakeSleep(particles: 3),
  ]
  static let all: [any Objective] = [TraceELBO(), TraceMeanFieldELBO(), TraceGraphELBO()]
}
