import FlowGuides
import Foundation
import TutorialKit

var options = Options(
  "flow-density", about: "Densities learned from points: two moons, and eruptions of a geyser.")
let epochs = options.integer("--epochs", in: 1...1000, default: 60, "passes over the data")
let seed = options.integer("--seed", default: 0, "determines every draw")
let picture = options.file("--picture", "writes the density of the moons, as SVG, to this file")
options.finish()

// MARK: Two moons

/// Half circles that reach into one another, with noise.
func moons(_ count: Int, key: RandomKey) -> Tensor {
  let angle = Double.pi * key.foldIn("angle").uniform([count])
  let isUpper = (key.foldIn("side").uniform([count]) .< 0.5).cast(to: .float64)
  let side = 2 * isUpper - 1
  let points = stack([cos(angle) - 0.5 * side, side * (sin(angle) - 0.25)], along: 1)
  return (points + 0.1 * key.foldIn("noise").normal([count, 2])).detached()
}

/// The log density of a point under the best normal with all covariances.
func normal(_ data: Tensor) -> MultivariateNormal {
  let mean = data.mean(axis: 0)
  let centered = data - mean
  let covariance = matmul(centered.transposed(), centered) / Double(data.shape[0])
  return MultivariateNormal(mean, covariance: covariance.detached())
}

let (training, new) = (
  moons(2000, key: RandomKey(seed)), moons(2000, key: RandomKey(seed).foldIn("new"))
)
let flow = NormalizingFlow(
  .nsf(layers: 4, bins: 8, bound: 4, hidden: [32, 32]), dimension: 2)
let learned = try fit(
  flow, to: training, optimizer: Adam(0.004), epochs: epochs, validation: 0.1, seed: seed)

print("Two moons: mean log density of new points")
print(row("normal", [fixed(normal(training).logProb(new).mean().scalar())]))
print(row("flow", [fixed(learned.flow.logProb(new).mean().scalar())]))

// A density that is one integrates to one.
let (width, height, reach) = (96, 64, (x: 2.4, y: 1.6))
let xs = Tensor.linspace(-reach.x, reach.x, count: width).expandingDims(at: 0)
let ys = Tensor.linspace(reach.y, -reach.y, count: height).expandingDims(at: 1)
let grid = stack([xs, ys].map { $0.broadcast(to: [height, width]) }, along: -1)
let density = exp(learned.flow.logProb(grid)).detached()
let cell = 4 * reach.x * reach.y / Double((width - 1) * (height - 1))
print(row("its integral", [fixed(density.sum().scalar() * cell)]))

/// One square for each point of the grid, the darker the denser.
func svg(_ density: Tensor) -> String {
  let values = density.array()
  let peak = values.max() ?? 1
  let squares = values.enumerated().map { index, value in
    let shade = 255 - Int(255 * (value / peak).squareRoot())
    let (row, column) = index.quotientAndRemainder(dividingBy: width)
    return """
      <rect x="\(column * 8)" y="\(row * 8)" width="8" height="8" \
      fill="rgb(\(shade),\(shade),255)"/>
      """
  }
  return """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width * 8) \(height * 8)">
    \(squares.joined(separator: "\n"))
    </svg>

    """
}

if let picture {
  do {
    try svg(density).write(toFile: picture, atomically: true, encoding: .utf8)
  } catch {
    options.quit("--picture: \"\(picture)\" cannot be written: \(error.localizedDescription)")
  }
}

// MARK: Old Faithful

// Durations of eruptions and the waits until the next, in minutes (Azzalini & Bowman 1990). A fit is
// easier for numbers of size one: standardise first.
guard let path = Bundle.module.path(forResource: "geyser", ofType: "csv") else {
  options.quit("geyser.csv is missing beside the program; build the package again")
}
let minutes = try CSV(contentsOf: path).matrix(["duration", "wait"])
let center = minutes.mean(axis: 0)
let spread = sqrt(square(minutes - center).mean(axis: 0))
let eruptions = ((minutes - center) / spread).detached()

// With 272 rows, half of them held back, the flow has to stop early.
let order = RandomKey(seed).foldIn("rows").permutation(272)
let rows = eruptions.gathered(order, along: 0).detached()
let (known, held) = (rows.slice(0..<172), rows.slice(172..<272))
let small = NormalizingFlow(
  .maf(layers: 2, hidden: [16]), dimension: 2, base: .mixture(components: 2))
let geyser = try fit(
  small, to: known, optimizer: Adam(0.005), epochs: 4 * epochs, batchSize: 64, validation: 0.2,
  seed: seed)
print("\nOld Faithful: mean log density of 100 eruptions held back")
print(row("normal", [fixed(normal(known).logProb(held).mean().scalar())]))
print(row("flow", [fixed(geyser.flow.logProb(held).mean().scalar())]))

// Draws are new eruptions: how long they last, and how long one waits after short and long ones.
let draws = geyser.flow.sample([4000], key: RandomKey(seed), dtype: .float64) * spread + center

/// The mean wait after eruptions of more than three minutes, or of less.
func meanWait(_ eruptions: Tensor, afterLong: Bool) -> Double {
  let (duration, wait) = (eruptions.selecting(0, along: 1), eruptions.selecting(1, along: 1))
  let isMeant = (afterLong ? duration .> 3 : duration .<= 3).cast(to: .float64)
  return ((isMeant * wait).sum() / isMeant.sum()).scalar()
}

print("\nMean wait, in minutes, as seen and as drawn")
for isLong in [false, true] {
  let means = [minutes, draws].map { fixed(meanWait($0, afterLong: isLong), 1) }
  print(row(isLong ? "after long ones" : "after short ones", means, nameWidth: 18))
}
