import FlowGuides
import Foundation
import Models

// Usage: bench WORKLOAD --dtype float32 [--seconds 4] [--threads 2]
//        bench WORKLOAD --memory [--dtype float32]
//        bench cold --dtype float32
//        bench toys [--steps 3000] [--heat 0.1] [--only "NSF, inverse"]
//        bench flow-costs [--dtype float32] [--seconds 1] [--only MAF]
//        bench distributions --dtype float32 [--seconds 4] [--only Dirichlet]
//        bench nuts POSTERIOR [--seconds 4]
//        bench nuts-cold POSTERIOR
//        bench posteriors
//
// --memory, instead of measuring time, watches memory over a million compiled steps and a hundred
// thousand eager ones; the status is 1 if it grows. "posteriors" measures how exact NUTS is; a
// POSTERIOR is one of posteriordb's.

struct Options {
  var workload = ""
  /// The posterior that a workload is about.
  var subject = ""
  var dtype = DType.float64
  var seconds = 4.0
  var watchesMemory = false
  var steps = 3000
  var only = ""
  /// The factor of the log density at the start of an annealed fit; 1 for none.
  var heat = 1.0

  init(_ arguments: [String]) {
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      switch argument {
      case "--dtype": dtype = rest.popFirst() == "float32" ? .float32 : .float64
      case "--threads": Threads.count = rest.popFirst().flatMap { Int($0) } ?? Threads.count
      case "--steps": steps = rest.popFirst().flatMap { Int($0) } ?? steps
      case "--heat": heat = rest.popFirst().flatMap(Double.init) ?? heat
      case "--only": only = rest.popFirst() ?? only
      case "--memory": watchesMemory = true
      case "--seconds": seconds = rest.popFirst().flatMap(Double.init) ?? seconds
      default:
        if workload.isEmpty { workload = argument } else { subject = argument }
      }
    }
  }
}

/// Seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  return try clock.measure(body) / .seconds(1)
}

/// The peak resident memory of this process in megabytes.
func peakMegabytes() -> Double {
  var usage = rusage()
  #if os(Linux)
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e6
  #else
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1e6
  #endif
}

/// The fastest block, in microseconds per step; blocks last about a fifth of a second.
func fastest(_ budget: Double, _ run: (Int) throws -> Void) rethrows -> Double {
  var steps = 1
  while try seconds({ try run(steps) }) < 0.1 && steps < 1_000_000 { steps *= 2 }
  steps *= 2
  var best = Double.infinity
  var spent = 0.0
  var blocks = 0
  while blocks < 3 || spent < budget {
    let elapsed = try seconds { try run(steps) }
    spent += elapsed
    blocks += 1
    best = min(best, elapsed / Double(steps))
  }
  return best * 1e6
}

/// The fastest block of calls, in microseconds per call.
func fastestCall(_ budget: Double, of function: CompiledFunction, _ arguments: [Tensor]) -> Double {
  fastest(budget) { calls in
    for _ in 0..<calls { _ = function(arguments) }
  }
}

/// The fastest block of steps of a fit, in microseconds per step, without what a run does once.
func fastestStep(_ budget: Double, of svi: SVI) throws -> Double {
  func run(_ steps: Int) throws -> Double {
    try seconds { try svi.run(steps: steps, showsProgress: false) }
  }
  let once = try (0..<3).map { _ in try run(1) }.min() ?? 0
  var steps = 1
  // What a run does once may take most of its time, and vary.
  while try run(1 + steps) < once + max(0.2, 2 * once) && steps < 1_000_000 { steps *= 2 }
  let blocks = max(3, Int(budget / (once + 0.3)))
  return try (0..<blocks).map { _ in
    (try run(1 + steps) - once) / Double(steps)
  }.reduce(.infinity, min) * 1e6
}

func report(_ options: Options, _ mode: String, _ microseconds: Double, _ compile: Double?) {
  let compileText = compile.map { String(format: "%.4f", $0) } ?? "null"
  print(
    """
    {"who": "ours", "workload": "\(options.workload)", "dtype": "\(options.dtype)", \
    "mode": "\(mode)", "microseconds_per_step": \(microseconds), \
    "compile_seconds": \(compileText), "peak_mb": \(peakMegabytes())}
    """)
}

/// The whole job that the peer's cold script does: 10,000 steps, then 10,000 posterior draws.
func coldFit(_ dtype: DType) throws {
  let guide = FlowGuide(flow: .iaf(layers: 2, hidden: [32, 32], activation: .elu))
  let svi = try SVI(
    EightSchools.nonCentered, guide, optimizer: Adam(0.01, beta2: 0.99),
    loss: TraceELBO(particles: 8), dtype: dtype)
  let fit = try svi.run(steps: 10_000, showsProgress: false)
  let draws = try fit.samplePosterior(10_000)
  let means = draws.prefix(2).map { "\($0.name) \($0.draws.mean().scalar())" }
  let last = fit.losses.suffix(500)
  print(means.joined(separator: " "), "ELBO", -last.reduce(0, +) / Double(last.count))
}

let options = Options(CommandLine.arguments)
if options.workload == "distributions" {
  try reportDistributions(options)
} else if options.workload == "nuts" {
  try reportNUTS(options)
} else if options.workload == "nuts-cold" {
  try coldNUTS(options)
} else if options.workload == "posteriors" {
  try reportPosteriors()
} else if options.workload == "toys" {
  try reportToys(steps: options.steps, heat: options.heat, only: options.only)
} else if options.workload == "flow-costs" {
  try reportFlowCosts(options)
} else if try reportFlow(options) {
} else if options.workload == "cold" {
  try coldFit(options.dtype)
} else if let workload = workload(options.workload), options.watchesMemory {
  if try !watchMemory(workload, options.dtype) { exit(1) }
} else if let workload = workload(options.workload) {
  var made: SVI?
  let compile = try seconds {
    made = try workload.makeSVI(options.dtype)
    try made?.run(steps: 1, showsProgress: false)
  }
  guard let svi = made else { exit(1) }
  let compiled = try fastestStep(options.seconds, of: svi)
  report(options, "compiled", compiled, compile)
  let eager = try fastest(options.seconds) { steps in
    for _ in 0..<steps { try svi.step() }
  }
  report(options, "step", eager, nil)
} else {
  FileHandle.standardError.write(Data("unknown workload: \(options.workload)\n".utf8))
  exit(2)
}
