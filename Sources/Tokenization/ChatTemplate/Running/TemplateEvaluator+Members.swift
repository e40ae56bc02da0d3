extension TemplateEvaluator {
  /// `base.name`: a method before a member, as in Jinja.
  func attribute(_ name: String, of base: TemplateValue, _ place: TemplatePlace) throws(TokenizerError) -> TemplateValue
  {
    if let method = try method(name, of: base, place) { return method }
    return try member(name, of: base, place) ?? .undefined("'\(name)' of \(base.kind)")
  }

  /// `base[key]`: a member before a method.
  func item(
    _ key: TemplateValue, of base: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    if case .undefined = base { throw error("\(base.kind), has no member", place) }
    if case .string(let name) = key {
      if let member = try member(name, of: base, place) { return member }
      return try method(name, of: base, place) ?? .undefined("'\(name)' of \(base.kind)")
    }
    if case .map(let map) = base {
      try spendSearch(of: map, place)
      return map[key] ?? .undefined("the member \(key.kind) of \(base.kind)")
    }
    guard let index = key.int else { return .undefined("the member \(key.kind) of \(base.kind)") }
    let missing = TemplateValue.undefined("item \(index) of \(base.kind)")
    switch base {
    case .list(let items), .tuple(let items), .lazy(let items, .range):
      let index = index < 0 ? index + items.values.count : index
      return items.values.indices.contains(index) ? items.values[index] : missing
    case .string(let text):
      try spend(text.utf8.count / 32, place)
      let scalars = text.unicodeScalars
      let (start, limit) = index < 0 ? (scalars.endIndex, scalars.startIndex) : (scalars.startIndex, scalars.endIndex)
      guard let found = scalars.index(start, offsetBy: index, limitedBy: limit), found < scalars.endIndex else {
        return missing
      }
      return .string(String(scalars[found]))
    default: return missing
    }
  }

  private func member(
    _ name: String, of base: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue? {
    switch base {
    case .map(let map):
      try spendSearch(of: map, place)
      return map[name]
    case .namespace(let index):
      try spendSearch(of: namespaces[index], place)
      return namespaces[index][name]
    case .loop(let state): return state[name]
    default: return nil
    }
  }

  /// Counts what it costs to find a member, or to see that there is none: members lie in a row.
  func spendSearch(of map: TemplateMap, _ place: TemplatePlace) throws(TokenizerError) {
    try spend(map.members.count, place)
  }

  /// A method of Python's, which the name stands for even where a mapping has a member of that name.
  private func method(
    _ name: String, of base: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue? {
    let python: PythonType
    switch base {
    case .undefined: throw error("\(base.kind), has no member '\(name)'", place)
    case .string: python = .string
    case .map: python = .map
    case .list: python = .list
    case .tuple: python = .tuple
    case .loop: python = .loop
    default: return nil
    }
    if let method = python.methods[name] { return .callable(.method(method, of: base)) }
    guard python.others.contains(name) else { return nil }
    throw unsupported("method", name, python.methods, place)
  }

  func slice(
    _ base: TemplateValue, _ start: Int?, _ stop: Int?, _ step: Int?, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    let step = step ?? 1
    guard step != 0 else { throw error("the step of a slice is 0", place) }
    switch base {
    case .list(let items): return .list(picked(items.values, start, stop, step))
    case .tuple(let items): return .tuple(picked(items.values, start, stop, step))
    case .lazy(let items, .range): return .lazy(picked(items.values, start, stop, step), .range)
    case .string(let text):
      try spend(text.utf8.count / 16, place)
      return .string(PythonText.string(picked(Array(text.unicodeScalars), start, stop, step)))
    default: throw error("a slice needs a list or a string, got \(base.kind)", place)
    }
  }

  /// Python's rules: negative bounds count from the end, all are clipped.
  private func picked<Item>(_ items: [Item], _ start: Int?, _ stop: Int?, _ step: Int) -> [Item] {
    let count = items.count
    func clip(_ bound: Int) -> Int {
      let bound = bound < 0 ? max(bound, -count - 1) + count : bound
      return step > 0 ? min(max(bound, 0), count) : min(max(bound, -1), count - 1)
    }
    let from = start.map(clip) ?? (step > 0 ? 0 : count - 1)
    let to = stop.map(clip) ?? (step > 0 ? count : -1)
    return stride(from: from, to: to, by: step).map { items[$0] }
  }
}
