import PPL

/// A model with a guide, and what becomes of them under an objective.
struct ValidityCase: Sendable, CustomStringConvertible {
  let name: String
  let objective: any Objective
  let model: @Sendable () -> Void
  let guide: @Sendable () -> Void
  /// What a fit warns of.
  var warnings: [FitWarning] = []
  /// Words in the description of the typed error, when the fit is made or at its first step.
  var errorWords: [String] = []

  var description: String { "\(name), \(type(of: objective))" }

  private static func each<Model, Guide>(
    _ name: String, _ objectives: [any Objective], _ model: @escaping @Sendable () -> Model,
    _ guide: @escaping @Sendable () -> Guide
  ) -> [ValidityCase] {
    objectives.map {
      ValidityCase(
        name: name, objective: $0, model: { _ = model() }, guide: { _ = guide() })
    }
  }

  /// Steps and runs, with finite losses and without warnings.
  static func fits<Model, Guide>(
    _ name: String, _ objectives: [any Objective] = Objectives.differentiable,
    model: @escaping @Sendable () -> Model, guide: @escaping @Sendable () -> Guide
  ) -> [ValidityCase] {
    each(name, objectives, model, guide)
  }

  /// Steps and runs, with finite losses and these warnings.
  static func warns<Model, Guide>(
    _ name: String, _ warnings: [FitWarning],
    _ objectives: [any Objective] = Objectives.differentiable,
    model: @escaping @Sendable () -> Model, guide: @escaping @Sendable () -> Guide
  ) -> [ValidityCase] {
    each(name, objectives, model, guide).map {
      var subject = $0
      subject.warnings = warnings
      return subject
    }
  }

  /// Fails with an error that has these words.
  static func fails<Model, Guide>(
    _ name: String, _ words: [String], _ objectives: [any Objective] = Objectives.all,
    model: @escaping @Sendable () -> Model, guide: @escaping @Sendable () -> Guide
  ) -> [ValidityCase] {
    each(name, objectives, model, guide).map {
      var subject = $0
      subject.errorWords = words
      return subject
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
