/// What a Unicode scalar is to normalizers and to the pre-tokenizers of words.
///
/// As with ``ScalarClass`` the answers are those of Hugging Face `tokenizers`, whose parts know different versions of Unicode.
struct ScalarTraits: OptionSet, Sendable {
  let rawValue: UInt8

  static let whiteSpace = ScalarTraits(rawValue: 1)
  /// Removed by BERT's cleaning of the text: control characters and whatever an old Unicode does not know.
  static let cleaned = ScalarTraits(rawValue: 2)
  /// Removed by BERT's stripping of accents.
  static let nonspacingMark = ScalarTraits(rawValue: 4)
  /// Removed by StripAccents.
  static let combiningMark = ScalarTraits(rawValue: 8)
  static let punctuation = ScalarTraits(rawValue: 16)
  /// `\w`
  static let word = ScalarTraits(rawValue: 32)
  /// Set apart by BERT as a word of its own.
  static let ideograph = ScalarTraits(rawValue: 64)

  /// The traits of every scalar as raw values: a flat table, for it is read once a character.
  static let table: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 0x110000)
    func mark(_ range: ClosedRange<UInt32>, _ trait: ScalarTraits) {
      for scalar in range { table[Int(scalar)] |= trait.rawValue }
    }
    for (deltas, trait) in [
      (ScalarTraitRanges.whiteSpace, whiteSpace), (ScalarTraitRanges.cleaned, cleaned),
      (ScalarTraitRanges.nonspacingMarks, nonspacingMark), (ScalarTraitRanges.combiningMarks, combiningMark),
      (ScalarTraitRanges.punctuation, punctuation), (ScalarTraitRanges.words, word),
    ] {
      for range in ScalarRanges(deltas) { mark(range, trait) }
    }
    for range in ideographs { mark(range, ideograph) }
    return table
  }()

  /// `is_chinese_char` in tokenizers' `normalizers/bert.rs`, which begins one block later than Unicode has it (U+2B820).
  private static let ideographs: [ClosedRange<UInt32>] = [
    0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF,
    0xF900...0xFAFF, 0x2F800...0x2FA1F,
  ]

  /// The traits of a scalar.
  @inline(__always)
  static func of(_ scalar: UInt32) -> ScalarTraits {
    ScalarTraits(rawValue: scalar < 0x110000 ? table[Int(scalar)] : 0)
  }
}
