/// Text as Python sees it: scalars, with Python's idea of white space.
enum PythonText {
  /// `str.isspace`
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }

  static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// `str.strip`, `lstrip`, `rstrip`: scalars at the ends that stand in `set`, or are white space, fall away.
  static func stripped(_ text: String, of set: String? = nil, leading: Bool = true, trailing: Bool = true) -> String {
    let set = set.map { Set($0.unicodeScalars) }
    func drops(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
    var scalars = text.unicodeScalars[...]
    if leading { scalars = scalars.drop(while: drops) }
    if trailing { while let last = scalars.last, drops(last) { scalars.removeLast() } }
    return String(scalars)
  }

  /// Where `part` stands in `text`, from left to right without overlap, as ranges of bytes; an empty part stands nowhere.
  static func occurrences(of part: String, in text: String, limit: Int = .max) -> [Range<Int>] {
    let bytes = Array(text.utf8)
    return ByteSearch(Array(part.utf8)).matches(in: bytes, bytes.indices, limit: limit)
  }

  /// The last place where `part` stands in `text`, overlaps counted; an empty part stands nowhere.
  static func lastOccurrence(of part: String, in text: String) -> Range<Int>? {
    let backward = Array(text.utf8.reversed())
    let found = ByteSearch(part.utf8.reversed()).matches(in: backward, backward.indices, limit: 1).first
    return found.map { backward.count - $0.upperBound..<backward.count - $0.lowerBound }
  }

  /// Whether `part` stands in `text`; the empty part stands in every text.
  static func contains(_ text: String, _ part: String) -> Bool {
    part.isEmpty || !occurrences(of: part, in: text, limit: 1).isEmpty
  }

  /// What lies between some ranges of bytes.
  static func parts(of text: String, between ranges: [Range<Int>]) -> [String] {
    let bytes = Array(text.utf8)
    var parts: [String] = []
    var last = 0
    for range in ranges {
      parts.append(String(decoding: bytes[last..<range.lowerBound], as: UTF8.self))
      last = range.upperBound
    }
    return parts + [String(decoding: bytes[last...], as: UTF8.self)]
  }

  /// `str.split()` without a separator: the words between white space, at most `limit` cuts.
  static func words(of text: String, limit: Int = .max) -> [String] {
    var words: [String] = []
    var rest = text.unicodeScalars[...].drop(while: isSpace)
    while !rest.isEmpty {
      let end = words.count < limit ? rest.firstIndex(where: isSpace) ?? rest.endIndex : rest.endIndex
      words.append(String(rest[..<end]))
      rest = rest[end...].drop(while: isSpace)
    }
    return words
  }

  /// `str.splitlines()`
  static func lines(of text: String) -> [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A where previous == "\r": break
      case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
        lines.append(String(line))
        line = .init()
      default: line.append(scalar)
      }
      previous = scalar
    }
    return line.isEmpty ? lines : lines + [String(line)]
  }

  /// `str.capitalize`: the first scalar as in a title, the others small.
  static func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return "" }
    return first.properties.titlecaseMapping + lowercased(String(text.unicodeScalars.dropFirst()))
  }

  /// `str.title`: every letter that follows no letter as in a title, the others small.
  static func titled(_ text: String) -> String {
    var out = ""
    var followsLetter = false
    for scalar in text.unicodeScalars {
      out += followsLetter ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
      followsLetter = scalar.properties.isCased
    }
    return out
  }

  /// `str.lower`, with the sigma that ends a Greek word.
  static func lowercased(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var out = ""
    for (i, scalar) in scalars.enumerated() {
      func isCased(_ rest: some Sequence<Unicode.Scalar>) -> Bool {
        rest.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
      }
      let endsWord = scalar == "Σ" && isCased(scalars[..<i].reversed()) && !isCased(scalars[(i + 1)...])
      out += endsWord ? "ς" : scalar.properties.lowercaseMapping
    }
    return out
  }

  /// `str.upper`
  static func uppercased(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
  }

  /// Whether any scalar has a case.
  static func isCased(_ text: String) -> Bool { text.unicodeScalars.contains { $0.properties.isCased } }

  /// `str.isalpha` of one scalar.
  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  /// `str.isdigit` of one scalar.
  static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
  }

  /// `str.isnumeric` of one scalar.
  static func isNumeric(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.numericType != nil }

  /// Order of scalars, which is the order of UTF-8.
  static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}
