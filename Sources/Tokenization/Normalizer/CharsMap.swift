/// SentencePiece's rules of replacement, compiled (`precompiled_charsmap`): a trie of texts and what each is replaced by.
///
/// Reference: tokenizers' `normalizers/precompiled.rs` and the crate spm_precompiled. Both take a grapheme cluster of less than six
/// bytes for one text and replace all of it by what its shortest beginning with a rule becomes; of a longer one they replace
/// the characters one by one.
struct CharsMap: Sendable {
  /// The trie as a double array of Darts, in which a unit is a label, whether a text ends there, and where its children lie.
  private let units: [UInt32]
  /// The replacements, each ended by a zero byte.
  private let replacements: [UInt8]
  /// Whether any text begins with a byte.
  private let begins: [Bool]

  init(_ reader: StageReader) throws(TokenizerError) {
    let text = try reader.string("precompiled_charsmap")
    guard let bytes = Base64.decode(text.utf8) else {
      throw .malformedCharsMap(problem: "it is not base64", source: reader.source)
    }
    try self.init(bytes: bytes, source: reader.source)
  }

  /// Reads the length of the array in bytes, the array, and the replacements; all numbers are little-endian.
  init(bytes: [UInt8], source: String) throws(TokenizerError) {
    func number(at offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
    guard bytes.count >= 4, case let length = Int(number(at: 0)), length > 0, length % 4 == 0, length <= bytes.count - 4
    else {
      throw .malformedCharsMap(
        problem: "its \(bytes.count) bytes do not hold the trie they announce", source: source)
    }
    units = (0..<length / 4).map { number(at: 4 + 4 * $0) }
    replacements = Array(bytes[(4 + length)...])
    guard String(validating: replacements, as: UTF8.self) != nil else {
      throw .malformedCharsMap(problem: "its replacements are not UTF-8", source: source)
    }
    for unit in units where unit & Unit.isValue != 0 {
      let place = Int(unit & ~Unit.isValue)
      guard place <= replacements.count, place == replacements.count || !UTF8Text.isContinuation(replacements[place])
      else {
        throw .malformedCharsMap(
          problem: "a rule names byte \(place) of \(replacements.count) bytes of replacements", source: source)
      }
    }
    let units = units
    begins = (0..<256).map { byte in
      let place = Unit.children(of: units[0]) ^ byte
      return byte > 0 && place < units.count && Unit.label(of: units[place]) == UInt32(byte)
    }
  }

  /// The parts of a unit.
  private enum Unit {
    static let isValue: UInt32 = 1 << 31
    static let endsText: UInt32 = 1 << 8
    static func label(of unit: UInt32) -> UInt32 { unit & (isValue | 0xFF) }
    static func children(of unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
  }

  /// What the shortest beginning of a text that has a rule becomes.
  private func replacement(of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let first = text.first, begins[Int(first)] else { return nil }
    var place = Unit.children(of: units[0])
    for byte in text {
      guard byte != 0 else { return nil }
      place ^= Int(byte)
      guard place < units.count, Unit.label(of: units[place]) == UInt32(byte) else { return nil }
      let unit = units[place]
      place ^= Unit.children(of: unit)
      guard unit & Unit.endsText == 0 else {
        // Only the values have been checked when the map was read.
        guard place < units.count, units[place] & Unit.isValue != 0 else { return nil }
        return replacements[Int(units[place] & ~Unit.isValue)...].prefix { $0 != 0 }
      }
    }
    return nil
  }

  func apply(to text: inout AlignedText) {
    var rewriting = CharsMapRewriting(text)
    let bytes = text.bytes
    var position = 0
    while position < bytes.count {
      let start = position
      // Two ASCII characters are two clusters, but for CR LF.
      if bytes[start] < 0x80, start + 1 == bytes.count || bytes[start + 1] < 0x80, bytes[start] != 0x0D {
        position += 1
        rewriting.add(start..<position, becoming: replacement(of: bytes[start..<position]))
        continue
      }
      position = GraphemeClusters.table.end(in: bytes, from: start)
      if position - start < 6, let new = replacement(of: bytes[start..<position]) {
        rewriting.add(start..<position, becoming: new)
        continue
      }
      var character = start
      while character < position {
        let start = character
        _ = UTF8Text.next(in: bytes, &character)
        rewriting.add(start..<character, becoming: replacement(of: bytes[start..<character]))
      }
    }
    rewriting.finish(&text)
  }
}

/// Puts a text together from what is kept and what is replaced, with the alignment of tokenizers' `Precompiled`.
private struct CharsMapRewriting {
  private var rewriter: TextRewriter
  private let bytes: [UInt8]
  /// The last character of a replacement, which takes characters that vanish after it.
  private var held: (scalar: UInt32, change: Int)?
  private var isEmpty = true
  private var isChanged = false
  /// Whether characters vanished before the first that stays: the reference forgets them, and gives all that follow the places of
  /// characters further left.
  private var lags = false

  init(_ text: AlignedText) {
    rewriter = TextRewriter(text)
    bytes = text.bytes
  }

  mutating func add(_ range: Range<Int>, becoming new: ArraySlice<UInt8>?) {
    guard let new else { return keep(range) }
    isChanged = true
    let removed = UTF8Text.count(of: bytes[range])
    guard !new.isEmpty else { return remove(range, removed) }
    if !lags, held == nil { rewriter.keep(to: range.lowerBound) }
    let added = UTF8Text.count(of: new)
    var position = new.startIndex
    var index = 0
    while position < new.endIndex {
      flush()
      // The first ones stand for the characters replaced; the last of too few for the rest of them too.
      held = (UTF8Text.next(in: new, &position), index < removed ? 0 : 1)
      index += 1
    }
    if added < removed { held?.change = added - removed }
    isEmpty = false
  }

  private mutating func keep(_ range: Range<Int>) {
    flush()
    isEmpty = false
    guard lags else { return }
    var position = range.lowerBound
    while position < range.upperBound { rewriter.emit(UTF8Text.next(in: bytes, &position), change: 0) }
  }

  private mutating func remove(_ range: Range<Int>, _ count: Int) {
    if isEmpty {
      lags = true
    } else if held != nil {
      held?.change -= count
    } else if lags {
      rewriter.skip(scalars: count)
    } else {
      rewriter.keep(to: range.lowerBound)
      rewriter.skip(to: range.upperBound)
    }
  }

  private mutating func flush() {
    if let held { rewriter.emit(held.scalar, change: held.change) }
    held = nil
  }

  mutating func finish(_ text: inout AlignedText) {
    guard isChanged else { return }
    flush()
    if !lags { rewriter.keep(to: bytes.count) }
    text = rewriter.output
  }
}
