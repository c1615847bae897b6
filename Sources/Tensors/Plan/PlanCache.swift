/// Plans by graph structure, the most recently used ones.
package final class PlanCache: Sendable {
  package static let shared = PlanCache()
  private static let capacity = 256

  package init() {}

  private struct Entries {
    var plans: [GraphKey: (plan: Plan, lastUse: Int)] = [:]
    var clock = 0
  }
  private let entries = Locked(Entries())

  package func plan(for key: GraphKey, make: () throws -> Plan) rethrows -> Plan {
    let found = entries.withLock { entries -> Plan? in
      entries.clock += 1
      entries.plans[key]?.lastUse = entries.clock
      return entries.plans[key]?.plan
    }
    if let found { return found }
    let plan = try make()
    entries.withLock { entries in
      if entries.plans.count >= PlanCache.capacity { PlanCache.evict(&entries) }
      entries.plans[key] = (plan, entries.clock)
    }
    return plan
  }

  private static func evict(_ entries: inout Entries) {
    let threshold = entries.plans.values.map(\.lastUse).sorted()[capacity / 4]
    entries.plans = entries.plans.filter { $0.value.lastUse > threshold }
  }
}
