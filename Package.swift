// swift-tools-version: 6.1
import PackageDescription

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
      dependencies: [
        "Distributions", "Tensors",
        .target(name: "CNetCDF", condition: .when(traits: ["NetCDF"])),
      ]),
    .target(name: "FlowGuides", dependencies: ["PPL"]),
    .target(name: "Models", dependencies: ["FlowGuides"], path: "models"),
    .target(name: "TutorialKit", path: "tutorials/kit"),
    .executableTarget(
      name: "first-fit", dependencies: ["FlowGuides"], path: "tutorials/first-fit"),
    .executableTarget(
      name: "getting-started", dependencies: ["FlowGuides", "TutorialKit"],
      path: "tutorials/getting-started"),
    .executableTarget(
      name: "handlers", dependencies: ["FlowGuides", "TutorialKit"], path: "tutorials/handlers"),
    .executableTarget(
      name: "eight-schools", dependencies: ["FlowGuides", "Models", "TutorialKit"],
      path: "tutorials/eight-schools"),
    .executableTarget(
      name: "baseball", dependencies: ["FlowGuides", "Models", "TutorialKit"],
      path: "tutorials/baseball"),
    .executableTarget(
      name: "regression", dependencies: ["FlowGuides", "TutorialKit"],
      path: "tutorials/regression", resources: [.copy("kidiq.csv")]),
    .executableTarget(
      name: "mixture", dependencies: ["FlowGuides", "TutorialKit"], path: "tutorials/mixture"),
    .executableTarget(
      name: "hmm", dependencies: ["FlowGuides", "TutorialKit"], path: "tutorials/hmm"),
    .executableTarget(
      name: "custom-bijector", dependencies: ["FlowGuides", "TutorialKit"],
      path: "tutorials/custom-bijector"),
    .executableTarget(
      name: "flow-density", dependencies: ["FlowGuides", "TutorialKit"],
      path: "tutorials/flow-density", resources: [.copy("geyser.csv")]),
    .executableTarget(
      name: "iaf-guide", dependencies: ["FlowGuides", "TutorialKit"], path: "tutorials/iaf-guide"),
    .executableTarget(
      name: "vae-iaf", dependencies: ["FlowGuides", "TutorialKit"], path: "tutorials/vae-iaf",
      resources: [.copy("digits.csv")]),

    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "CTensorKernelsTests", dependencies: ["CTensorKernels"]),
    .testTarget(
      name: "TensorsTests", dependencies: ["Tensors", "TestSupport", "CGSL", "CTensorKernels"]),
    .testTarget(
      name: "DistributionsTests", dependencies: ["Distributions", "TestSupport", "CGSL"]),
    .testTarget(
      name: "PPLTests",
      dependencies: [
        "PPL", "Models", "TestSupport", "CTensorKernels", "CGSL",
        .target(name: "CNetCDF", condition: .when(traits: ["NetCDF"])),
      ]),
    .testTarget(
      name: "FlowGuidesTests", dependencies: ["FlowGuides", "Models", "TestSupport", "CGSL"]),
    .testTarget(name: "ModelTests", dependencies: ["Models", "TestSupport"]),
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
