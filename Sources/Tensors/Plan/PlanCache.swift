/// Plans by graph structure, the most recently used ones.
package final class PlanCache: Sendable {
  package static let shared = PlanCache()
  private static let capacity = 256

  package init() {}

  private struct Entries {
    var plans: [GraphKey: Entry] = [:]
    var clock = 0
    /// What was used last, if it has a template.
    var recent: (plan: Plan, template: GraphTemplate)?
  }
  private struct Entry {
    let plan: Plan
    let template: GraphTemplate?
    var lastUse: Int
  }
  private let entries = Locked(Entries())

  package func plan(for key: GraphKey, make: () throws -> Plan) rethrows -> Plan {
    if let found = entry(key) { return found.plan }
    return try insert(key, nil, make)
  }

  /// The plan for what is derived from a graph. That of the last graph is found without a key.
  package func plan(for graph: TracedGraph, make: () throws -> Plan) rethrows -> Plan {
    if let plan = graph.plan { return plan }
    let key = graph.key
    let found = entry(key)
    let template = found?.template ?? graph.template
    let plan = try found?.plan ?? insert(key, template, make)
    entries.withLock { $0.recent = (plan, template) }
    return plan
  }

  /// What was planned for the last graph.
  var recent: (plan: Plan, template: GraphTemplate)? { entries.withLock { $0.recent } }

  private func entry(_ key: GraphKey) -> Entry? {
    entries.withLock { entries in
      entries.clock += 1
      entries.plans[key]?.lastUse = entries.clock
      return entries.plans[key]
    }
  }

  private func insert(
    _ key: GraphKey, _ template: GraphTemplate?, _ make: () throws -> Plan
  ) rethrows -> Plan {
    let plan = try make()
    entries.withLock { entries in
      if entries.plans.count >= PlanCache.capacity { PlanCache.evict(&entries) }
      entries.plans[key] = Entry(plan: plan, template: template, lastUse: entries.clock)
    }
    return plan
  }

  private static func evict(_ entries: inout Entries) {
    let threshold = entries.plans.values.map(\.lastUse).sorted()[capacity / 4]
    entries.plans = entries.plans.filter { $0.value.lastUse > threshold }
  }
}
