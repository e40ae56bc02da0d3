/// Filters that compare items.
extension TemplateLibrary {
  static let orderFilters: [TemplateFunction] = [
    TemplateFunction("sort", ["reverse", "case_sensitive", "attribute"]) { call throws(TokenizerError) in
      let items = try keyed(call.items(), call)
      return .list(try sorted(items, reversed: call.flag("reverse"), call.evaluator, call.place).map(\.item))
    },
    TemplateFunction("dictsort", ["case_sensitive", "by", "reverse"]) { call throws(TokenizerError) in
      guard case .map(let map) = call.subject else { throw call.unfit() }
      let by = try call.string("by") ?? "key"
      guard ["key", "value"].contains(by) else { throw call.error("\(call.shown) sorts by 'key' or 'value'") }
      let items = map.members.map { member in
        let pair = TemplateValue.tuple([member.key, member.value])
        return (item: pair, key: folded(by == "key" ? member.key : member.value, call))
      }
      return .list(try sorted(items, reversed: call.flag("reverse"), call.evaluator, call.place).map(\.item))
    },
    TemplateFunction("unique", ["case_sensitive", "attribute"]) { call throws(TokenizerError) in
      var kept: [(item: TemplateValue, key: TemplateValue)] = []
      next: for candidate in try keyed(call.items(), call) {
        for other in kept where try call.evaluator.equal(other.key, candidate.key, call.place) { continue next }
        kept.append(candidate)
      }
      return .lazy(kept.map(\.item), .generator)
    },
    TemplateFunction("min", ["case_sensitive", "attribute"]) { call throws(TokenizerError) in
      try extreme(call) { (a, b) throws(TokenizerError) in try call.evaluator.precedes(a, b, "<", call.place) }
    },
    TemplateFunction("max", ["case_sensitive", "attribute"]) { call throws(TokenizerError) in
      try extreme(call) { (a, b) throws(TokenizerError) in try call.evaluator.precedes(b, a, ">", call.place) }
    },
  ]

  typealias Keyed = (item: TemplateValue, key: TemplateValue)

  /// Items with what they are compared by.
  private static func keyed(_ items: [TemplateValue], _ call: TemplateCall) throws(TokenizerError) -> [Keyed] {
    var keyed: [Keyed] = []
    for item in items {
      var value = item
      if let path = call["attribute"] { value = try member(path, of: item, call) }
      keyed.append((item, folded(value, call)))
    }
    return keyed
  }

  /// A key without its case, unless the call minds it.
  private static func folded(_ value: TemplateValue, _ call: TemplateCall) -> TemplateValue {
    guard case .string(let text) = value, !call.flag("case_sensitive") else { return value }
    return .string(PythonText.lowercased(text))
  }

  /// Items in order, equal ones as they were: a merge sort, for a comparison that may fail.
  static func sorted(
    _ items: [Keyed], reversed: Bool = false, _ evaluator: TemplateEvaluator, _ place: TemplatePlace
  ) throws(TokenizerError) -> [Keyed] {
    guard items.count > 1 else { return items }
    let left = try sorted(Array(items[..<(items.count / 2)]), reversed: reversed, evaluator, place)
    let right = try sorted(Array(items[(items.count / 2)...]), reversed: reversed, evaluator, place)
    var merged: [Keyed] = []
    var i = 0
    for item in right {
      while i < left.count {
        let (a, b) = reversed ? (left[i].key, item.key) : (item.key, left[i].key)
        // Equal keys need no order: as in Jinja, members that are all missing leave things as they are.
        if try !evaluator.equal(a, b, place), try evaluator.precedes(a, b, "<", place) { break }
        merged.append(left[i])
        i += 1
      }
      merged.append(item)
    }
    return merged + left[i...]
  }

  /// The first item that no other one beats.
  private static func extreme(
    _ call: TemplateCall, _ beats: (TemplateValue, TemplateValue) throws(TokenizerError) -> Bool
  ) throws(TokenizerError) -> TemplateValue {
    let items = try keyed(call.items(), call)
    guard var best = items.first else { return .undefined("the extreme of nothing") }
    for item in items.dropFirst() where try beats(item.key, best.key) { best = item }
    return best.item
  }
}
