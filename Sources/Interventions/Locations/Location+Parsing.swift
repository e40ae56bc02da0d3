import LanguageModels

extension Location {
  /// Reads `locations = location { ";" location }`, strictly.
  public static func list(parsing text: String) throws(LocationError) -> [Location] {
    var locations: [Location] = []
    for part in text.split(separator: ";", omittingEmptySubsequences: false) {
      locations.append(try Location(parsing: String(part)))
    }
    return locations
  }

  /// Reads `location = layers "." component [ "[" heads "]" ] [ "@" positions ]`, strictly; positions default to `all`.
  public init(parsing whole: String) throws(LocationError) {
    let text = whole.trimmed
    var rest = text[...]
    var positions = Positions.all
    if let at = rest.firstIndex(of: "@") {
      positions = try Positions(parsing: rest[rest.index(after: at)...], in: text)
      rest = rest[..<at]
    }
    var heads: [Int]?
    if let bracket = rest.firstIndex(of: "[") {
      guard rest.hasSuffix("]") else { throw .syntax(text: text, part: String(rest), expected: "a closing ']'") }
      heads = try Self.heads(parsing: rest[rest.index(after: bracket)...].dropLast(), in: text)
      rest = rest[..<bracket]
    }
    // The name of the component has no dot, spans of layers have two: the last one divides.
    guard let dot = rest.lastIndex(of: ".") else {
      throw .syntax(text: text, part: String(rest), expected: "layers.component")
    }
    let name = String(rest[rest.index(after: dot)...])
    guard let component = Component(rawValue: name) else {
      throw .unknownComponent(name: name, text: text, valid: Component.allCases.map(\.rawValue))
    }
    guard heads == nil || component.isPerHead else {
      throw .headsWithoutHeads(component: name, text: text)
    }
    self.init(
      layers: try LayerSelection(parsing: rest[..<dot], in: text), component: component, heads: heads,
      positions: positions)
  }

  private static func heads(parsing text: Substring, in whole: String) throws(LocationError) -> [Int] {
    var heads: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let head = Int(part), head >= 0, part.allSatisfy(\.isNumber), !heads.contains(head) else {
        throw .syntax(text: whole, part: String(part), expected: "head numbers, each once")
      }
      heads.append(head)
    }
    return heads
  }
}

extension LayerSelection {
  init(parsing text: Substring, in whole: String) throws(LocationError) {
    if text == "all" {
      self = .all
      return
    }
    func number(_ part: Substring) throws(LocationError) -> Int {
      guard let value = Int(part), !part.hasPrefix("+") else {
        throw .syntax(text: whole, part: String(part), expected: "'all' or layer numbers")
      }
      return value
    }
    var items: [Item] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let dots = part.dots else {
        items.append(.one(try number(part)))
        continue
      }
      var end = part[dots.upperBound...]
      var step = 1
      if let colon = end.firstIndex(of: ":") {
        step = try number(end[end.index(after: colon)...])
        end = end[..<colon]
        guard step > 0 else { throw .syntax(text: whole, part: "\(step)", expected: "a step above zero") }
      }
      items.append(.span(from: try number(part[..<dots.lowerBound]), through: try number(end), step: step))
    }
    self = .list(items)
  }
}

extension Positions {
  init(parsing text: Substring, in whole: String) throws(LocationError) {
    switch text {
    case "all": self = .all
    case "prompt": self = .prompt
    case "generated": self = .generated
    default:
      let untied = text.contains("|")
      let parts = text.split(separator: untied ? "|" : "+", omittingEmptySubsequences: false)
      let first = parts.first.flatMap { $0.count(after: "f") }
      let last = parts.last.flatMap { $0.count(after: "l") }
      switch (parts.count, first, last) {
      case (1, let first?, nil) where !untied: self = .ends(first: first, last: 0, tied: true)
      case (1, nil, let last?) where !untied: self = .ends(first: 0, last: last, tied: true)
      case (2, let first?, let last?): self = .ends(first: first, last: last, tied: !untied)
      default:
        guard !untied, let terms = Self.terms(parts) else {
          throw .syntax(
            text: whole, part: String(text),
            expected: "all, prompt, generated, f<n>|l<m>, or a sum of f<n>, l<n>, places such as 3 or -4..-2, generated"
          )
        }
        self = terms.count == 1 ? terms[0] : .union(terms)
      }
    }
  }

  /// `f<n>`, `l<n>`, places, `prompt` and `generated`, each kind of end once.
  private static func terms(_ parts: [Substring]) -> [Positions]? {
    var terms: [Positions] = []
    for part in parts {
      if let first = part.count(after: "f") {
        terms.append(.ends(first: first, last: 0, tied: true))
      } else if let last = part.count(after: "l") {
        // Both ends stand together: a short prompt is shared out between them.
        if case .ends(let first, 0, _)? = terms.last {
          terms[terms.count - 1] = .ends(first: first, last: last, tied: true)
        } else {
          terms.append(.ends(first: 0, last: last, tied: true))
        }
      } else if part == "prompt" || part == "generated" {
        terms.append(part == "prompt" ? .prompt : .generated)
      } else if let dots = part.dots {
        guard let from = Int(part[..<dots.lowerBound]), let through = Int(part[dots.upperBound...]),
          (from < 0) != (through < 0) || from <= through
        else { return nil }
        terms.append(.at(from: from, through: through))
      } else if let place = Int(part), !part.hasPrefix("+") {
        terms.append(.at(from: place, through: place))
      } else {
        return nil
      }
    }
    let ends = terms.filter { if case .ends = $0 { true } else { false } }
    return ends.count <= 1 && Set(terms).count == terms.count ? terms : nil
  }
}

extension Substring {
  /// The number above zero after a letter: `f7`.
  fileprivate func count(after letter: Character) -> Int? {
    guard first == letter, let value = Int(dropFirst()), value > 0, dropFirst().allSatisfy(\.isNumber) else {
      return nil
    }
    return value
  }

  fileprivate var dots: Range<Index>? {
    guard let first = firstIndex(of: ".") else { return nil }
    let second = index(after: first)
    guard second < endIndex, self[second] == "." else { return nil }
    return first..<index(after: second)
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
