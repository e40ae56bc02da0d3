/// Reads the regular expressions of tokenizers: the part of Oniguruma's syntax (its Ruby flavour) that a pass over the text,
/// character by character, can decide.
///
/// What it knows is said by ``supported``, which errors show.
struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var foldsCase = false
  /// How many groups and classes are open.
  private var depth = 0

  /// What is wrong with a pattern, and at which character of it.
  struct Failure: Error, Equatable {
    let construct: String
    let position: Int
  }

  static let supported = """
    alternatives, groups, (?i:...) over ASCII letters, '.', classes with ranges, \\p{...} of general categories, \\s \\S \\d \\D, \
    quantifiers that are greedy, lazy, or possessive on one character, $, \\z, and (?=...) and (?!...) on one character
    """

  static func parse(_ pattern: String) throws(Failure) -> PatternNode {
    var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
    let node = try parser.choice()
    guard parser.peek == nil else { throw parser.failure("')' without '('") }
    return node
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private func failure(_ construct: String, at place: Int? = nil) -> Failure {
    Failure(construct: construct, position: place ?? position)
  }

  private mutating func next() -> Unicode.Scalar? {
    guard let scalar = peek else { return nil }
    position += 1
    return scalar
  }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  /// Groups within groups, classes within classes, and quantifiers upon quantifiers: without a bound a file could exhaust the
  /// stack. The patterns of tokenizers have less than ten.
  private static let deepest = 64

  private mutating func enter(_ start: Int) throws(Failure) {
    depth += 1
    guard depth <= Self.deepest else { throw failure("nesting deeper than \(Self.deepest)", at: start) }
  }

  // MARK: structure

  private mutating func choice() throws(Failure) -> PatternNode {
    var parts = [try sequence()]
    while take("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws(Failure) -> PatternNode {
    var parts: [PatternNode] = []
    var lastLetter: UInt32 = 0
    while let scalar = peek, scalar != "|", scalar != ")" {
      let start = position
      let part = try quantified(atom())
      // Two letters that fold to one character (ß, ﬁ) would match it; that is not done here.
      let letter = foldsCase && position == start + 1 ? scalar.value | 0x20 : 0
      if Self.foldingPairs.contains(where: { $0 == (lastLetter, letter) }) {
        throw failure("a pair of letters with a ligature in (?i:)", at: start)
      }
      lastLetter = letter
      parts.append(part)
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private static let foldingPairs: [(UInt32, UInt32)] =
    [("s", "s"), ("s", "t"), ("f", "f"), ("f", "i"), ("f", "l")].map {
      (first: Unicode.Scalar, second: Unicode.Scalar) in
      (first.value, second.value)
    }

  private mutating func quantified(_ node: PatternNode) throws(Failure) -> PatternNode {
    var node = node
    let outer = depth
    defer { depth = outer }
    while let (repetition, isInterval) = try quantifier() {
      let start = position
      try enter(start)
      var repetition = repetition
      if take("?") {
        // In Ruby `x{2}?` means (?:x{2})?; nobody means that.
        if isInterval, repetition.least == repetition.most { throw failure("'?' after '{n}'", at: start) }
        repetition.preference = .lazy
      } else if !isInterval, take("+") {
        guard case .scalar = node else {
          throw failure("a possessive quantifier on more than one character", at: start)
        }
        repetition.preference = .possessive
      }
      if case .ahead = node { throw failure("a quantifier on a look-ahead", at: start) }
      if node.mayBeEmpty { throw failure("a quantifier on what may be empty", at: start) }
      node = .repeated(node, repetition)
    }
    return node
  }

  private mutating func quantifier() throws(Failure) -> (PatternRepetition, isInterval: Bool)? {
    switch peek {
    case "?":
      position += 1
      return (PatternRepetition(least: 0, most: 1), false)
    case "*":
      position += 1
      return (PatternRepetition(least: 0, most: nil), false)
    case "+":
      position += 1
      return (PatternRepetition(least: 1, most: nil), false)
    case "{": return try interval().map { ($0, true) }
    default: return nil
    }
  }

  /// `{n}`, `{n,}`, `{,m}` or `{n,m}`.
  private mutating func interval() throws(Failure) -> PatternRepetition? {
    let start = position
    position += 1
    let least = number()
    let comma = take(",")
    let most = comma ? number() : least
    guard take("}"), least != nil || most != nil else { throw failure("'{' that is no interval", at: start) }
    guard (least ?? 0) <= Self.mostCopies, (most ?? 0) <= Self.mostCopies, (least ?? 0) <= (most ?? .max), most != 0
    else {
      throw failure("an interval that is empty or beyond \(Self.mostCopies)", at: start)
    }
    return PatternRepetition(least: least ?? 0, most: most)
  }

  private static let mostCopies = 64

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = peek, ("0"..."9").contains(digit) {
      value = min((value ?? 0) * 10 + Int(digit.value - 48), Self.mostCopies + 1)
      position += 1
    }
    return value
  }

  // MARK: atoms

  private mutating func atom() throws(Failure) -> PatternNode {
    let start = position
    guard let scalar = next() else { return .sequence([]) }
    switch scalar {
    case "(": return try group(start)
    case "[": return .scalar(try scalarClass(start))
    case ".": return .scalar(ScalarSet(0x0A).inverted)
    case "$": return .ahead(ScalarSet(0x0A), orEnd: true)
    case "^": throw failure("'^'", at: start)
    case "*", "+", "?", "{": throw failure("a quantifier without anything before it", at: start)
    case "\\":
      if take("z") { return .ahead(ScalarSet(), orEnd: true) }
      return .scalar(try escape(start))
    default: return .scalar(try literal(scalar.value, start))
    }
  }

  private func literal(_ scalar: UInt32, _ start: Int) throws(Failure) -> ScalarSet {
    guard foldsCase else { return ScalarSet(scalar) }
    guard let set = ScalarSet(scalar).caseFolded else { throw failure("a letter beyond ASCII in (?i:)", at: start) }
    return set
  }

  private mutating func group(_ start: Int) throws(Failure) -> PatternNode {
    try enter(start)
    let outer = foldsCase
    defer { (foldsCase, depth) = (outer, depth - 1) }
    var isAhead = false
    var isNegative = false
    if take("?") {
      if take("i:") {
        foldsCase = true
      } else if take("=") {
        isAhead = true
      } else if take("!") {
        (isAhead, isNegative) = (true, true)
      } else if !take(":") {
        let kind = String(String.UnicodeScalarView(scalars[position...].prefix(peek == "<" ? 2 : 1)))
        throw failure("the group '(?\(kind)'", at: start)
      }
    }
    let node = try choice()
    guard take(")") else { throw failure("'(' without ')'", at: start) }
    guard isAhead else { return node }
    guard var (set, orEnd) = Self.oneCharacter(node) else {
      throw failure("a look-ahead at more than one character", at: start)
    }
    if isNegative { (set, orEnd) = (set.inverted, !orEnd) }
    return .ahead(set, orEnd: orEnd)
  }

  /// The expression as a condition on the next character.
  private static func oneCharacter(_ node: PatternNode) -> (ScalarSet, orEnd: Bool)? {
    switch node {
    case .scalar(let set): return (set, false)
    case .ahead(let set, let orEnd): return (set, orEnd)
    case .choice(let parts):
      var all = ScalarSet()
      var end = false
      for part in parts {
        guard let (set, orEnd) = oneCharacter(part), all.formUnion(set) else { return nil }
        end = end || orEnd
      }
      return (all, end)
    case .sequence, .repeated: return nil
    }
  }

  // MARK: classes and escapes

  /// `[...]`, its bracket read.
  private mutating func scalarClass(_ start: Int) throws(Failure) -> ScalarSet {
    try enter(start)
    defer { depth -= 1 }
    let isInverted = take("^")
    var set = ScalarSet()
    var isFirst = true
    while true {
      let place = position
      if take("&&") { throw failure("'&&' in a class", at: place) }
      if take("[:") { throw failure("'[:' in a class", at: place) }
      guard let scalar = next() else { throw failure("'[' without ']'", at: start) }
      if scalar == "]" {
        if isFirst { throw failure("an empty class", at: start) }
        break
      }
      isFirst = false
      var item: ScalarSet
      switch scalar {
      case "[": item = try scalarClass(place)
      case "\\": item = try escape(place)
      default: item = ScalarSet(scalar.value)
      }
      if let first = item.only, peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
        position += 1
        item = try range(from: first, place)
      }
      guard set.formUnion(item) else { throw failure("an inverted class within a class", at: place) }
    }
    if foldsCase {
      guard let folded = set.caseFolded else { throw failure("a letter beyond ASCII in (?i:)", at: start) }
      set = folded
    }
    return isInverted ? set.inverted : set
  }

  private mutating func range(from first: UInt32, _ start: Int) throws(Failure) -> ScalarSet {
    guard let scalar = next() else { throw failure("'[' without ']'", at: start) }
    let end = scalar == "\\" ? try escape(position - 1) : ScalarSet(scalar.value)
    guard scalar != "[", let last = end.only, first <= last else { throw failure("a range without end", at: start) }
    var set = ScalarSet()
    set.ranges = [first...last]
    return set
  }

  /// What follows a backslash.
  private mutating func escape(_ start: Int) throws(Failure) -> ScalarSet {
    guard let scalar = next() else { throw failure("'\\' at the end", at: start) }
    switch scalar {
    case "s": return ScalarSet(classes: .spaces)
    case "S": return ScalarSet(classes: .spaces.inverted)
    case "d": return ScalarSet(classes: ScalarClasses(.Nd))
    case "D": return ScalarSet(classes: ScalarClasses(.Nd).inverted)
    case "p", "P": return try property(inverted: scalar == "P", start)
    case "n": return ScalarSet(0x0A)
    case "r": return ScalarSet(0x0D)
    case "t": return ScalarSet(0x09)
    case "f": return ScalarSet(0x0C)
    case "v": return ScalarSet(0x0B)
    case "x": return ScalarSet(try hexadecimal(digits: 2, start))
    case "u": return ScalarSet(try hexadecimal(digits: 4, start))
    case "0"..."9", "a"..."z", "A"..."Z": throw failure("'\\\(scalar)'", at: start)
    default: return try literal(scalar.value, start)
    }
  }

  /// `{L}`, `{Lu}` or `{^L}`, after `\p`.
  private mutating func property(inverted: Bool, _ start: Int) throws(Failure) -> ScalarSet {
    guard take("{"), let end = scalars[position...].firstIndex(of: "}") else {
      throw failure("'\\p' without '{'", at: start)
    }
    let isInverted = take("^") != inverted
    let name = String(String.UnicodeScalarView(scalars[position..<end]))
    guard let classes = ScalarClasses(property: name) else { throw failure("'\\p{\(name)}'", at: start) }
    position = end + 1
    return ScalarSet(classes: isInverted ? classes.inverted : classes)
  }

  /// `41` or `{1F600}` after `\x`, `0041` after `\u`.
  private mutating func hexadecimal(digits: Int, _ start: Int) throws(Failure) -> UInt32 {
    let isBraced = digits == 2 && take("{")
    var value: UInt32 = 0
    var count = 0
    while count < (isBraced ? 8 : digits), let scalar = peek, let digit = Character(scalar).hexDigitValue {
      value = value << 4 | UInt32(digit)
      count += 1
      position += 1
    }
    // Two digits beyond ASCII are a byte to Oniguruma, and no character.
    let isByte = digits == 2 && !isBraced && value >= 0x80
    guard count > 0, isBraced ? take("}") : count == digits, Unicode.Scalar(value) != nil, !isByte else {
      throw failure("a character by a number that is none", at: start)
    }
    return value
  }
}

extension ScalarSet {
  /// The only scalar of a set that names just one.
  fileprivate var only: UInt32? {
    guard classes.isEmpty, !isInverted, ranges.count == 1, ranges[0].count == 1 else { return nil }
    return ranges[0].lowerBound
  }
}
