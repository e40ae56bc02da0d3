/// Decompositions, compositions and combining classes of Unicode scalars, Hangul by arithmetic and the rest from tables.
///
/// The Unicode is that of the crate unicode-normalization-alignments, version 9, because that is what the ids of published
/// tokenizers rest on. Source: UAX #15 and chapter 3.12 of the Unicode standard.
struct Decompositions: Sendable {
  static let table = Decompositions()

  private var texts: [[UInt32]] = []
  private var canonical = ScalarMap<UInt16>()
  private var compatible = ScalarMap<UInt16>()
  private var classes = ScalarMap<UInt8>()
  private var compositions: [UInt64: UInt32] = [:]
  /// For each form, as a bit, the scalars that it may change or that may change with their neighbours.
  private var unstable = ScalarMap<UInt8>()

  private init() {
    readCanonical()
    read(DecompositionTables.compatible) { $0.compatible[$1] = $0.add($2) }
    let list = DecompositionTables.classes
    for i in stride(from: 0, to: list.count, by: 3) {
      for scalar in list[i + 1]...list[i + 1] + list[i + 2] { classes[scalar] = UInt8(list[i]) }
    }
    markUnstable()
  }

  private mutating func add(_ text: [UInt32]) -> UInt16 {
    texts.append(text)
    return UInt16(texts.count)
  }

  private mutating func readCanonical() {
    read(DecompositionTables.canonical) { $0.canonical[$1] = $0.add($2) }
    var heads: [UInt32: (head: UInt32, last: UInt32)] = [:]
    var scalar: UInt32 = 0
    let pairs = DecompositionTables.pairs
    for i in stride(from: 0, to: pairs.count, by: 3) {
      scalar += pairs[i]
      heads[scalar] = (pairs[i + 1], pairs[i + 2])
      compositions[Self.key(pairs[i + 1], pairs[i + 2])] = scalar
    }
    for scalar in heads.keys {
      var text: [UInt32] = []
      var head = scalar
      while let (next, last) = heads[head] {
        text.append(last)
        head = next
      }
      let front = canonical[head] == 0 ? [head] : texts[Int(canonical[head]) - 1]
      canonical[scalar] = add(front + text.reversed())
    }
  }

  /// Reads records: how far after the scalar before, a length, that many scalars; for length 0 the count and the first target of
  /// a run of single scalars.
  private mutating func read(_ records: [UInt32], _ keep: (inout Self, UInt32, [UInt32]) -> Void) {
    var rest = records[...]
    var scalar: UInt32 = 0
    while let gap = rest.popFirst(), let length = rest.popFirst() {
      scalar += gap
      if length > 0 {
        keep(&self, scalar, Array(rest.prefix(Int(length))))
        rest = rest.dropFirst(Int(length))
      } else if let count = rest.popFirst(), let target = rest.popFirst() {
        for i in 0..<count { keep(&self, scalar + i, [target + i]) }
      }
    }
  }

  private mutating func markUnstable() {
    func mark(_ scalar: UInt32, _ forms: NormalForm...) {
      for form in forms { unstable[scalar] |= form.bit }
    }
    for scalar in UInt32(0)..<0x110000 where canonical[scalar] != 0 || compatible[scalar] != 0 || classes[scalar] != 0 {
      if classes[scalar] != 0 { mark(scalar, .nfc, .nfd, .nfkc, .nfkd) }
      if canonical[scalar] != 0 { mark(scalar, .nfd, .nfkd) }
      if compatible[scalar] != 0 { mark(scalar, .nfkc, .nfkd) }
    }
    // Of the characters with a canonical decomposition only those that compose again stay what they are.
    let composed = Set(compositions.values)
    for scalar in UInt32(0)..<0x110000 where canonical[scalar] != 0 && !composed.contains(scalar) {
      mark(scalar, .nfc, .nfkc)
    }
    for key in compositions.keys { mark(UInt32(truncatingIfNeeded: key), .nfc, .nfkc) }
    for jamo in Hangul.vowels..<Hangul.vowels + Hangul.vowelCount { mark(jamo, .nfc, .nfkc) }
    for jamo in Hangul.trailers..<Hangul.trailers + Hangul.trailerCount { mark(jamo, .nfc, .nfkc) }
    for syllable in Hangul.syllables..<Hangul.syllables + Hangul.syllableCount { mark(syllable, .nfd, .nfkd) }
  }

  private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

  /// Whether a form leaves the scalar as it is, whatever comes before it.
  @inline(__always)
  func isStable(_ scalar: UInt32, in form: NormalForm) -> Bool { unstable[scalar] & form.bit == 0 }

  /// The canonical combining class: the place of a mark among the marks of a character, 0 for what is no mark.
  func combiningClass(of scalar: UInt32) -> UInt8 { classes[scalar] }

  /// Calls `body` with each scalar of the full decomposition.
  func decompose(_ scalar: UInt32, compatibly: Bool, _ body: (UInt32) -> Void) {
    if Hangul.isSyllable(scalar) { return Hangul.decompose(scalar, body) }
    var index = compatibly ? compatible[scalar] : 0
    if index == 0 { index = canonical[scalar] }
    if index == 0 { return body(scalar) }
    for part in texts[Int(index) - 1] { body(part) }
  }

  /// The character that two compose to.
  func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
    Hangul.compose(first, second) ?? compositions[Self.key(first, second)]
  }
}

/// The arithmetic of Korean syllables. Source: the Unicode standard, chapter 3.12.
private enum Hangul {
  static let syllables: UInt32 = 0xAC00
  static let leaders: UInt32 = 0x1100
  static let vowels: UInt32 = 0x1161
  /// One before the first trailing consonant: no consonant at all.
  static let trailers: UInt32 = 0x11A7
  static let leaderCount: UInt32 = 19
  static let vowelCount: UInt32 = 21
  static let trailerCount: UInt32 = 28
  static let syllableCount: UInt32 = leaderCount * vowelCount * trailerCount

  static func isSyllable(_ scalar: UInt32) -> Bool { scalar >= syllables && scalar < syllables + syllableCount }

  static func decompose(_ syllable: UInt32, _ body: (UInt32) -> Void) {
    let index = syllable - syllables
    body(leaders + index / (vowelCount * trailerCount))
    body(vowels + index % (vowelCount * trailerCount) / trailerCount)
    if index % trailerCount > 0 { body(trailers + index % trailerCount) }
  }

  static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if first >= leaders, first < leaders + leaderCount, second >= vowels, second < vowels + vowelCount {
      return syllables + ((first - leaders) * vowelCount + second - vowels) * trailerCount
    }
    if isSyllable(first), (first - syllables) % trailerCount == 0, second > trailers, second < trailers + trailerCount {
      return first + second - trailers
    }
    return nil
  }
}
