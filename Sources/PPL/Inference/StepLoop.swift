import Tensors

/// The plans of a step that is run over and over, for all steps of a structure.
struct StepPlans {
  let key: GraphKey
  let slope: LoopPlan
  let update: Plan
}

/// A step run over and over: one plan for loss and gradient, one that moves the parameters, which is
/// run only if the former are finite.
///
/// Parameters and optimizer state are updated in place where the rule allows it, and otherwise
/// written to a second buffer that then changes places with the first. Mutable values always are.
final class StepLoop {
  private let graph: StepGraph
  private let gradientPlan: Plan
  private let updatePlan: Plan
  private let slope: PlanInstance
  private let update: PlanInstance
  private let keys: Storage
  private let step = Storage(byteCount: 8)
  private let scalars = [Storage(byteCount: 8), Storage(byteCount: 8)]
  private let gradient: Storage
  /// Holds the addresses of what does not change.
  private let fixed: (slope: ArgumentValues, update: ArgumentValues)
  private let dtype: DType
  /// Parameters and optimizer state now.
  private(set) var state: [Storage]
  /// Where the next ones go: the same buffers, or others.
  private var next: [Storage]
  private let isInPlace: Bool
  /// The mutable values now, and where the next ones of those that are set anew go.
  private(set) var mutables: [Storage]
  private var nextMutables: [Storage]
  /// The mini-batch of the step, for each of the graph's sources.
  private let batches: [[Storage]]
  private let batchKey: Int64

  init(_ graph: StepGraph, _ svi: SVI) throws {
    let (plans, invariants) = try svi.stepPlans(for: graph)
    let arguments = graph.arguments
    self.graph = graph
    gradientPlan = plans.slope.plan
    updatePlan = plans.update
    dtype = arguments.packed.dtype
    keys = graph.keyStorage
    gradient = Storage(byteCount: arguments.packed.count * dtype.byteCount)
    let initial = [arguments.packed] + arguments.state
    state = initial.map { $0.copiedStorage() }
    let overwrites = StepLoop.overwrites(graph, updatePlan, count: initial.count)
    next = zip(state, zip(initial, overwrites)).map { $1.1 ? $0 : $1.0.copiedStorage() }
    mutables = arguments.mutables.map { $0.value.copiedStorage() }
    nextMutables = graph.assignedMutables.map { arguments.mutables[$0].value.copiedStorage() }
    batches = graph.batches.map { $0.columns.map { $0.copiedStorage() } }
    batchKey = svi.key
    isInPlace = overwrites.allSatisfy { $0 } && nextMutables.isEmpty
    fixed = (
      graph.argumentValues(gradientPlan, invariants: invariants),
      graph.updateValues(updatePlan, gradient)
    )
    slope = PlanInstance(gradientPlan)
    update = PlanInstance(updatePlan)
    bind()
  }

  /// For each part of the state, whether its new value may be written over the old one.
  private static func overwrites(_ graph: StepGraph, _ plan: Plan, count: Int) -> [Bool] {
    let positions = plan.argumentPositions
    return (0..<count).map { number in
      positions.indices.allSatisfy { index in
        guard case .state(number) = graph.role(positions[index], isUpdate: true) else {
          return true
        }
        return plan.mayOverwrite(argument: index, with: number)
      }
    }
  }

  private func bind() {
    slope.bind(
      arguments: addresses(gradientPlan, fixed.slope),
      outputs: (scalars + [gradient] + nextMutables).map(\.pointer))
    update.bind(arguments: addresses(updatePlan, fixed.update), outputs: next.map(\.pointer))
  }

  private func addresses(_ plan: Plan, _ fixed: ArgumentValues) -> [UnsafeMutableRawPointer] {
    plan.argumentPositions.enumerated().map { index, position in
      switch graph.role(position, isUpdate: plan === updatePlan) {
      case .keys: keys.pointer
      case .step: step.pointer
      case .state(let number): state[number].pointer
      case .mutable(let number): mutables[number].pointer
      case .batch(let source, let column): batches[source][column].pointer
      case .fixed: fixed.pointers[index]
      }
    }
  }

  /// - Parameters:
  ///   - number: which step it is.
  ///   - updates: how many steps before it changed the parameters.
  func setStep(_ number: Int, updates: Int, keys values: [Int64]) {
    if dtype == .float32 {
      step.pointer.storeBytes(of: Float(updates), as: Float.self)
    } else {
      step.pointer.storeBytes(of: Double(updates), as: Double.self)
    }
    for (met, storages) in zip(graph.batches, batches) {
      met.batches.gather(step: number, key: batchKey, into: storages)
    }
    for (index, key) in values.enumerated() {
      keys.pointer.storeBytes(of: key, toByteOffset: 8 * index, as: Int64.self)
    }
  }

  /// Computes loss and gradient; the state changes when they are accepted.
  func run() -> StepResult {
    slope.run()
    return StepResult(scalars, dtype)
  }

  func accept() {
    update.run()
    guard !isInPlace else { return }
    swap(&state, &next)
    for (place, index) in graph.assignedMutables.enumerated() {
      swap(&mutables[index], &nextMutables[place])
    }
    bind()
  }
}
