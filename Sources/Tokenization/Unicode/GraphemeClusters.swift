/// Where characters as a reader sees them end: the extended grapheme clusters of UAX #29, Unicode 16.
struct GraphemeClusters: Sendable {
  static let table = GraphemeClusters()

  private enum Kind: UInt8 {
    case other, cr, lf, control, extend, zwj, spacingMark, prepend, leading, vowel, trailing, syllable, closedSyllable
    case regional
  }

  /// Flags above the kind.
  private enum Flag {
    static let kind: UInt8 = 0x0F
    static let pictograph: UInt8 = 0x10
    static let consonant: UInt8 = 0x20
    static let linker: UInt8 = 0x40
  }

  private var values = ScalarMap<UInt8>()

  private init() {
    for (deltas, kind) in [
      (GraphemeRanges.controls, Kind.control), (GraphemeRanges.extenders, .extend),
      (GraphemeRanges.spacingMarks, .spacingMark), (GraphemeRanges.prepended, .prepend),
      (GraphemeRanges.leadingJamo, .leading), (GraphemeRanges.vowelJamo, .vowel),
      (GraphemeRanges.trailingJamo, .trailing),
    ] {
      for range in ScalarRanges(deltas) { for scalar in range { values[scalar] = kind.rawValue } }
    }
    for scalar in UInt32(0xAC00)...0xD7A3 {
      values[scalar] = ((scalar - 0xAC00) % 28 == 0 ? Kind.syllable : .closedSyllable).rawValue
    }
    for scalar in UInt32(0x1F1E6)...0x1F1FF { values[scalar] = Kind.regional.rawValue }
    values[0x0D] = Kind.cr.rawValue
    values[0x0A] = Kind.lf.rawValue
    values[0x200D] = Kind.zwj.rawValue
    for (deltas, flag) in [
      (GraphemeRanges.pictographs, Flag.pictograph), (GraphemeRanges.conjunctConsonants, Flag.consonant),
      (GraphemeRanges.conjunctLinkers, Flag.linker),
    ] {
      for range in ScalarRanges(deltas) { for scalar in range { values[scalar] |= flag } }
    }
  }

  /// Where the cluster that begins at a place ends.
  func end(in bytes: [UInt8], from start: Int) -> Int {
    var end = start
    var last = values[UTF8Text.next(in: bytes, &end)]
    // What the rules look back for: a pictograph with marks (GB11), a consonant and then a linker (GB9c), regional indicators (GB12).
    var pictograph = last & Flag.pictograph != 0
    var consonant = last & Flag.consonant != 0
    var linked = false
    var regionals = Self.kind(last) == .regional ? 1 : 0
    while end < bytes.count {
      var next = end
      let scalar = UTF8Text.next(in: bytes, &next)
      let value = values[scalar]
      let (before, after) = (Self.kind(last), Self.kind(value))
      let joins =
        Self.joins(before, after)
        || pictograph && before == .zwj && value & Flag.pictograph != 0
        || linked && value & Flag.consonant != 0
        || before == .regional && after == .regional && regionals % 2 == 1
      guard joins else { break }
      let extends = after == .extend || after == .zwj
      pictograph = value & Flag.pictograph != 0 || pictograph && extends && before != .zwj
      if value & Flag.consonant != 0 {
        (consonant, linked) = (true, false)
      } else if value & Flag.linker != 0 {
        linked = consonant
      } else if !extends || scalar == 0x200C {
        (consonant, linked) = (false, false)
      }
      regionals += after == .regional ? 1 : 0
      last = value
      end = next
    }
    return end
  }

  private static func kind(_ value: UInt8) -> Kind { Kind(rawValue: value & Flag.kind) ?? .other }

  /// Rules GB3 to GB9b.
  private static func joins(_ before: Kind, _ after: Kind) -> Bool {
    switch (before, after) {
    case (.cr, .lf): true
    case (.cr, _), (.lf, _), (.control, _), (_, .cr), (_, .lf), (_, .control): false
    case (.leading, .leading), (.leading, .vowel), (.leading, .syllable), (.leading, .closedSyllable): true
    case (.syllable, .vowel), (.syllable, .trailing), (.vowel, .vowel), (.vowel, .trailing): true
    case (.closedSyllable, .trailing), (.trailing, .trailing): true
    case (_, .extend), (_, .zwj), (_, .spacingMark), (.prepend, _): true
    default: false
    }
  }
}
