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
