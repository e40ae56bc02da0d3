extension TemplateEvaluator {
  func run(_ loop: TemplateLoop) throws(TokenizerError) -> TemplateJump? {
    let place = loop.items.place
    try enter(place)
    defer { leave() }
    let source = try evaluate(loop.items)
    guard let all = source.elements else { throw error("a loop needs a list, got \(source.kind)", place) }
    try spend(all.values.count, place)
    scopes.append([:])
    defer { scopes.removeLast() }
    let items = try kept(all, loop)
    if items.values.isEmpty { return try run(loop.otherwise) }
    for (index, item) in items.values.enumerated() {
      scopes[scopes.count - 1] = ["loop": .loop(TemplateLoopState(items: items, index: index))]
      try assign(item, to: loop.target)
      if try run(loop.body) == .break { break }
    }
    return nil
  }

  /// The items that satisfy the loop's condition.
  private func kept(_ items: TemplateItems, _ loop: TemplateLoop) throws(TokenizerError) -> TemplateItems {
    guard let condition = loop.condition else { return items }
    var kept: [TemplateValue] = []
    for item in items.values {
      try assign(item, to: loop.target)
      if try evaluate(condition).isTrue { kept.append(item) }
    }
    scopes[scopes.count - 1] = [:]
    return TemplateItems(kept)
  }
}

extension TemplateLoopState {
  static let members = [
    "index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem",
  ]

  /// A member of `loop`; `nil` for a name that there is not.
  subscript(name: String) -> TemplateValue? {
    let count = items.values.count
    switch name {
    case "index": return .integer(index + 1)
    case "index0": return .integer(index)
    case "revindex": return .integer(count - index)
    case "revindex0": return .integer(count - index - 1)
    case "first": return .bool(index == 0)
    case "last": return .bool(index == count - 1)
    case "length": return .integer(count)
    // A loop in a loop is no deeper: this counts the levels of recursive loops.
    case "depth": return .integer(1)
    case "depth0": return .integer(0)
    case "previtem": return index > 0 ? items.values[index - 1] : .undefined("the item before the first one")
    case "nextitem": return index + 1 < count ? items.values[index + 1] : .undefined("the item after the last one")
    default: return nil
    }
  }
}
