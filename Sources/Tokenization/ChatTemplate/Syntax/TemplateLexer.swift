/// Cuts a template into tokens and takes away the white space around tags, as Jinja does with `trim_blocks` and `lstrip_blocks`.
struct TemplateLexer {
  private let scalars: [Unicode.Scalar]
  private let name: String
  private var at = 0
  private var place = TemplatePlace(line: 1, column: 1)
  private var out: [TemplateToken] = []
  /// Whether what was read last ended a line, or nothing was read yet.
  private var lineStarts = true
  /// After `-%}` and its like: white space at the beginning of the next text falls away.
  private var dropsSpace = false

  init(_ source: String, name: String) {
    // Jinja makes all line ends `\n` and drops one at the end of the template.
    var scalars: [Unicode.Scalar] = []
    for scalar in source.unicodeScalars {
      if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
      scalars.append(scalar)
    }
    scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
    if scalars.last == "\n" { scalars.removeLast() }
    self.scalars = scalars
    self.name = name
  }

  mutating func tokens() throws(TokenizerError) -> [TemplateToken] {
    while at < scalars.count { try textAndTag() }
    emit(.end, place)
    return out
  }

  private mutating func textAndTag() throws(TokenizerError) {
    let start = place
    var text: [Unicode.Scalar] = []
    while at < scalars.count,
      !(scalars[at] == "{" && at + 1 < scalars.count && "{%#".unicodeScalars.contains(scalars[at + 1]))
    {
      text.append(advance())
    }
    if dropsSpace {
      let kept = text.drop(while: PythonText.isSpace)
      if !text.isEmpty { lineStarts = kept.isEmpty && text.last == "\n" }
      text = Array(kept)
      dropsSpace = false
    }
    guard at < scalars.count else {
      emitText(text, start)
      return
    }
    let opening = place
    let kind = scalars[at + 1]
    _ = (advance(), advance())
    if peek("-") {
      _ = advance()
      while let last = text.last, PythonText.isSpace(last) { text.removeLast() }
    } else if peek("+") {
      _ = advance()
    } else if kind != "{" {
      stripLine(&text)
    }
    emitText(text, start)
    switch kind {
    case "{":
      emit(.printBegin, opening)
      try tag(closing: "}}", end: .printEnd, opening)
    case "%":
      emit(.blockBegin, opening)
      try tag(closing: "%}", end: .blockEnd, opening)
    default: try comment(opening)
    }
  }

  /// `lstrip_blocks`: white space alone between the line's beginning and a tag falls away.
  private func stripLine(_ text: inout [Unicode.Scalar]) {
    let lineStart = text.lastIndex(of: "\n").map { $0 + 1 } ?? 0
    guard lineStart > 0 || lineStarts, text[lineStart...].allSatisfy(PythonText.isSpace) else { return }
    text.removeSubrange(lineStart...)
  }

  private mutating func comment(_ opening: TemplatePlace) throws(TokenizerError) {
    while at < scalars.count {
      if peek("-#}") || peek("+#}") || peek("#}") {
        finishTag(isPrint: false)
        return
      }
      _ = advance()
    }
    throw error("the comment is not closed by '#}'", opening)
  }

  private mutating func tag(
    closing: String, end: TemplateToken.Kind, _ opening: TemplatePlace
  ) throws(TokenizerError) {
    let isPrint = end == .printEnd
    var depth = 0
    while true {
      while at < scalars.count, PythonText.isSpace(scalars[at]) { _ = advance() }
      guard at < scalars.count else { throw error("the tag is not closed by '\(closing)'", opening) }
      if depth == 0, peek(closing) || peek("-" + closing) || !isPrint && peek("+" + closing) {
        emit(end, place)
        finishTag(isPrint: isPrint)
        return
      }
      try word(&depth)
    }
  }

  /// Reads the end of a tag: `-` drops the white space after it, else `trim_blocks` drops one line end unless `+` keeps it.
  private mutating func finishTag(isPrint: Bool) {
    let dropsLineEnd = !isPrint && !peek("+")
    dropsSpace = peek("-")
    if dropsSpace || peek("+") { _ = advance() }
    _ = (advance(), advance())
    lineStarts = dropsLineEnd && !dropsSpace && peek("\n")
    if lineStarts { _ = advance() }
  }

  private mutating func word(_ depth: inout Int) throws(TokenizerError) {
    let start = place
    let scalar = scalars[at]
    switch scalar {
    case "'", "\"": emit(.string(try string()), start)
    case "0"..."9": emit(try number(), start)
    case _ where scalar == "_" || scalar.properties.isXIDStart:
      var name = String.UnicodeScalarView()
      while at < scalars.count, scalars[at].properties.isXIDContinue { name.append(advance()) }
      emit(.name(String(name)), start)
    default:
      let symbols = ["**", "//", "==", "!=", "<=", ">="] + "+-*/%~<>=()[]{}.,:|".map(String.init)
      guard let symbol = symbols.first(where: { peek($0) }) else {
        throw error("unexpected character '\(scalar)'", start)
      }
      if "([{".contains(symbol) { depth += 1 }
      if ")]}".contains(symbol) { depth = max(0, depth - 1) }
      for _ in symbol.unicodeScalars { _ = advance() }
      emit(.symbol(symbol), start)
    }
  }

  private mutating func string() throws(TokenizerError) -> String {
    let start = place
    let quote = advance()
    var text = String.UnicodeScalarView()
    while at < scalars.count {
      let scalar = advance()
      if scalar == quote { return String(text) }
      guard scalar == "\\", at < scalars.count else {
        text.append(scalar)
        continue
      }
      let escapePlace = place
      switch advance() {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "r": text.append("\r")
      case "a": text.append("\u{7}")
      case "b": text.append("\u{8}")
      case "f": text.append("\u{c}")
      case "v": text.append("\u{b}")
      case "0": text.append("\0")
      case "U": text.append(try escape(8, escapePlace))
      case "u": text.append(try escape(4, escapePlace))
      case "x": text.append(try escape(2, escapePlace))
      case "\n": break
      case let other where "\\'\"".unicodeScalars.contains(other): text.append(other)
      case let other:
        // Python keeps the backslash of an escape that it does not know.
        text.append("\\")
        text.append(other)
      }
    }
    throw error("the string is not closed", start)
  }

  private mutating func escape(_ digits: Int, _ start: TemplatePlace) throws(TokenizerError) -> Unicode.Scalar {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard at < scalars.count, let digit = Character(scalars[at]).hexDigitValue else {
        throw error("an escape needs \(digits) hexadecimal digits", start)
      }
      _ = advance()
      value = value << 4 | UInt32(digit)
    }
    guard let scalar = Unicode.Scalar(value) else { throw error("an escape names no character", start) }
    return scalar
  }

  private mutating func number() throws(TokenizerError) -> TemplateToken.Kind {
    let start = place
    var text = ""
    func isDigit(_ index: Int) -> Bool { index < scalars.count && ("0"..."9").contains(scalars[index]) }
    func digits() {
      while isDigit(at) || peek("_") {
        let digit = advance()
        if digit != "_" { text.unicodeScalars.append(digit) }
      }
    }
    digits()
    var isWhole = true
    if peek("."), isDigit(at + 1) {
      isWhole = false
      text.unicodeScalars.append(advance())
      digits()
    }
    let sign = at + 1 < scalars.count && "+-".unicodeScalars.contains(scalars[at + 1]) ? 1 : 0
    if peek("e") || peek("E"), isDigit(at + 1 + sign) {
      isWhole = false
      for _ in 0...sign { text.unicodeScalars.append(advance()) }
      digits()
    }
    if isWhole, let value = Int(text) { return .integer(value) }
    if !isWhole, let value = Double(text), value.isFinite { return .number(value) }
    throw error("the number \(text) is too large", start)
  }

  private func peek(_ symbol: String) -> Bool {
    let wanted = symbol.unicodeScalars
    return at + wanted.count <= scalars.count && scalars[at..<at + wanted.count].elementsEqual(wanted)
  }

  private mutating func advance() -> Unicode.Scalar {
    let scalar = scalars[at]
    at += 1
    if scalar == "\n" {
      place.line += 1
      place.column = 1
    } else {
      place.column += 1
    }
    return scalar
  }

  private mutating func emitText(_ text: [Unicode.Scalar], _ start: TemplatePlace) {
    guard !text.isEmpty else { return }
    emit(.text(PythonText.string(text)), start)
  }

  private mutating func emit(_ kind: TemplateToken.Kind, _ place: TemplatePlace) {
    out.append(TemplateToken(kind: kind, place: place))
  }

  private func error(_ problem: String, _ place: TemplatePlace) -> TokenizerError {
    .template(problem: problem, line: place.line, column: place.column, name: name, remedy: nil)
  }
}
