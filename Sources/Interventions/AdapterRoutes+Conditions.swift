public import LanguageModels
public import Tensors

extension AdapterRoutes {
  /// Whether an adapter of a route acts only where a condition fires.
  public var hasConditions: Bool { routes.contains { $0.contains { $0.strength != 0 && $0.adapter.condition != nil } } }

  /// Asks the conditions of adapters, once for each prompt, on the untouched model and before anything else is computed.
  ///
  /// - Parameters:
  ///   - prompts: token ids; on a prompt without any no condition fires.
  ///   - chosen: the route that each prompt would go.
  /// - Returns: routes in which no condition is open, those of `self` first, and the route that each prompt goes: its own without
  ///   the adapters whose condition does not fire.
  public func settled(
    _ prompts: [[Int32]], going chosen: [Int], in model: any LanguageModel
  ) throws(TensorError) -> (routes: AdapterRoutes, going: [Int]) {
    guard hasConditions else { return (self, chosen) }
    var silent = [Set<ObjectIdentifier>](repeating: [], count: prompts.count)
    var seen: Set<ObjectIdentifier> = []
    for adapter in routes.joined().filter({ $0.strength != 0 }).map(\.adapter) {
      guard let condition = adapter.condition, seen.insert(ObjectIdentifier(adapter)).inserted else { continue }
      let concerned = chosen.indices.filter { routes[chosen[$0]].contains { $0.adapter === adapter } }
      let asked = concerned.filter { !prompts[$0].isEmpty }
      let fired = try condition.fires(on: asked.map { prompts[$0] }, model: model)
      let acting = Set(zip(asked, fired).filter(\.1).map(\.0))
      for prompt in concerned where !acting.contains(prompt) { silent[prompt].insert(ObjectIdentifier(adapter)) }
    }
    var all = routes
    var known: [Way: Int] = [:]
    var going: [Int] = []
    for (route, silent) in zip(chosen, silent) {
      let way = Way(route: route, silent: silent)
      if silent.isEmpty {
        going.append(route)
      } else if let settled = known[way] {
        going.append(settled)
      } else {
        all.append(routes[route].filter { !silent.contains(ObjectIdentifier($0.adapter)) })
        known[way] = all.count - 1
        going.append(all.count - 1)
      }
    }
    return (AdapterRoutes(trusting: all), going)
  }

  private struct Way: Hashable {
    let route: Int
    let silent: Set<ObjectIdentifier>
  }
}
