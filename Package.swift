// swift-tools-version: 6.1
import PackageDescription

// A target names all modules whose types it uses, also those that another one exports to it: it is built
// anew where one of those it names has changed, and not by what these are made of.
let distributions: [Target.Dependency] = ["Distributions", "Tensors"]
let language: [Target.Dependency] = ["PPL"] + distributions
let library: [Target.Dependency] = ["FlowGuides"] + language

let package = Package(
  name: "swift-ppl",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "PPL", targets: ["PPL"]),
    .library(name: "FlowGuides", targets: ["FlowGuides"]),
    .library(name: "Models", targets: ["Models"]),
  ],
  traits: [
    .trait(name: "NetCDF", description: "Results as ArviZ's InferenceData, through libnetcdf.")
  ],
  targets: [
    .systemLibrary(
      name: "CGSL", path: "Sources/CGSL",
      providers: [.apt(["libgsl-dev"]), .brew(["gsl"])]),
    .systemLibrary(
      name: "CNetCDF", path: "Sources/CNetCDF",
      providers: [.apt(["libnetcdf-dev"]), .brew(["netcdf"])]),
    .target(
      name: "CTensorKernels",
      linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("sleef")]),
    .target(name: "Tensors", dependencies: ["CTensorKernels", "CGSL"]),
    .target(name: "Distributions", dependencies: ["Tensors"]),
    .target(
      name: "PPL",
      dependencies: distributions + [
        .target(name: "CNetCDF", condition: .when(traits: ["NetCDF"]))
      ]),
    .target(name: "FlowGuides", dependencies: language),
    .target(name: "Models", dependencies: language, path: "models"),
    .target(name: "TutorialKit", path: "tutorials/kit"),
    .executableTarget(
      name: "first-fit", dependencies: library, path: "tutorials/first-fit"),
    .executableTarget(
      name: "getting-started", dependencies: library + ["TutorialKit"],
      path: "tutorials/getting-started"),
    .executableTarget(
      name: "handlers", dependencies: library + ["TutorialKit"], path: "tutorials/handlers"),
    .executableTarget(
      name: "eight-schools", dependencies: library + ["Models", "TutorialKit"],
      path: "tutorials/eight-schools"),
    .executableTarget(
      name: "baseball", dependencies: library + ["Models", "TutorialKit"],
      path: "tutorials/baseball"),
    .executableTarget(
      name: "regression", dependencies: library + ["TutorialKit"],
      path: "tutorials/regression", resources: [.copy("kidiq.csv")]),
    .executableTarget(
      name: "mixture", dependencies: library + ["TutorialKit"], path: "tutorials/mixture"),
    .executableTarget(
      name: "hmm", dependencies: library + ["TutorialKit"], path: "tutorials/hmm"),
    .executableTarget(
      name: "custom-bijector", dependencies: library + ["TutorialKit"],
      path: "tutorials/custom-bijector"),
    .executableTarget(
      name: "flow-density", dependencies: library + ["TutorialKit"],
      path: "tutorials/flow-density", resources: [.copy("geyser.csv")]),
    .executableTarget(
      name: "iaf-guide", dependencies: library + ["TutorialKit"], path: "tutorials/iaf-guide"),
    .executableTarget(
      name: "vae-iaf", dependencies: library + ["TutorialKit"], path: "tutorials/vae-iaf",
      resources: [.copy("digits.csv")]),

    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "CTensorKernelsTests", dependencies: ["CTensorKernels"]),
    .testTarget(
      name: "TensorsTests", dependencies: ["Tensors", "TestSupport", "CGSL", "CTensorKernels"]),
    .testTarget(
      name: "DistributionsTests", dependencies: distributions + ["TestSupport", "CGSL"]),
    .testTarget(
      name: "PPLTests",
      dependencies: language + [
        "Models", "TestSupport", "CTensorKernels", "CGSL",
        .target(name: "CNetCDF", condition: .when(traits: ["NetCDF"])),
      ]),
    .testTarget(
      name: "FlowGuidesTests", dependencies: library + ["Models", "TestSupport", "CGSL"]),
    .testTarget(name: "ModelTests", dependencies: library + ["Models", "TestSupport"]),
    .testTarget(
      name: "TutorialTests",
      dependencies: [
        "TestSupport", "eight-schools", "first-fit", "getting-started", "handlers", "baseball",
        "regression", "mixture", "hmm", "custom-bijector", "flow-density", "iaf-guide", "vae-iaf",
      ]),
  ]
)

// One rule for all: Swift 6 mode and the upcoming checks, warnings are errors in `make test`.
for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}
