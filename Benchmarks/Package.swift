// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-ppl", path: "..")],
  targets: [
    .executableTarget(
      name: "bench",
      dependencies: [
        .product(name: "FlowGuides", package: "swift-ppl"),
        .product(name: "Models", package: "swift-ppl"),
        .product(name: "PPL", package: "swift-ppl"),
        .product(name: "Tensors", package: "swift-ppl"),
      ]),
    .executableTarget(
      name: "random-bits", dependencies: [.product(name: "Tensors", package: "swift-ppl")]),
  ]
)
