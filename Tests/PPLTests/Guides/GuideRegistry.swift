import Testing

@testable import PPL

/// Every guide over continuous sites that makes itself, by name.
struct GuideCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let make: @Sendable (GuideStart) -> any Guide

  init(_ name: String, _ make: @escaping @Sendable (GuideStart) -> any Guide) {
    testDescription = name
    self.make = make
  }

  /// Those that have a density: all but points.
  static let densities: [GuideCase] = [
    .init("diagonal") { DiagonalNormalGuide(start: $0) },
    .init("multivariate") { MultivariateNormalGuide(start: $0) },
    .init("low rank") { LowRankMultivariateNormalGuide(rank: 2, start: $0) },
    .init("site by site") { NormalGuide(start: $0) },
    .init("structured") { StructuredGuide(start: $0) },
    .init("structured, triangular") {
      StructuredGuide(default: .multivariateNormal, dependencies: .none, start: $0)
    },
    .init("list") {
      GuideList(
        .sites(["a", "b"], MultivariateNormalGuide(start: $0)), .rest(NormalGuide(start: $0)))
    },
    .init("list of joint guides") {
      GuideList(
        .sites(["a", "c"], LowRankMultivariateNormalGuide(start: $0)),
        .rest(DiagonalNormalGuide(start: $0)))
    },
  ]
}

extension SVI {
  /// A fit with guides that are known only at run time.
  convenience init(
    _ model: @escaping () -> Void, any guide: any Guide, optimizer: some Optimizer,
    loss: any Objective = TraceELBO(), dtype: DType = .float64, seed: Int = 0
  ) throws {
    func open(_ guide: some Guide) -> AnyGuide { AnyGuide(guide) }
    try self.init(
      model, open(guide), optimizer: optimizer, loss: loss, dtype: dtype, seed: seed)
  }
}

/// A guide of any type.
struct AnyGuide: Guide {
  private let base: any Guide

  init(_ base: some Guide) { self.base = base }

  func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    try base.body(for: model, dtype: dtype)
  }

  func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    try base.prepared(for: model, dtype: dtype, seed: seed)
  }
}
