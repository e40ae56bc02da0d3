extension AlignedText {
  /// Lower case, character by character.
  mutating func lowercase() {
    func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte }
    if bytes.allSatisfy({ $0 < 0x80 }) {
      replaceBytes(lower)
      return
    }
    var rewriter: TextRewriter?
    var position = 0
    while position < bytes.count {
      let start = position
      let text = LowerCase.of(UTF8Text.next(in: bytes, &position))
      if text.isEmpty { continue }
      if rewriter == nil { rewriter = TextRewriter(self) }
      rewriter?.keep(to: start)
      for (i, scalar) in text.enumerated() { rewriter?.emit(scalar, change: i == 0 ? 0 : 1) }
    }
    rewriter?.keep(to: bytes.count)
    if let rewriter { self = rewriter.output }
  }

  /// Takes white space off the ends.
  mutating func strip(left: Bool, right: Bool) {
    var (start, end) = (0, bytes.count)
    while left, start < end {
      var next = start
      guard ScalarTraits.of(UTF8Text.next(in: bytes, &next)).contains(.whiteSpace) else { break }
      start = next
    }
    while right, end > start {
      let (scalar, first) = UTF8Text.previous(in: bytes, before: end)
      guard ScalarTraits.of(scalar).contains(.whiteSpace) else { break }
      end = first
    }
    if start > 0 || end < bytes.count { self = slice(start..<end) }
  }

  /// Every byte as its character of ``ByteAlphabet``.
  mutating func spellBytes() {
    var rewriter = TextRewriter(self)
    for byte in bytes {
      rewriter.emit(UInt32(ByteAlphabet.scalars[Int(byte)]), change: UTF8Text.isContinuation(byte) ? 1 : 0)
    }
    self = rewriter.output
  }

  /// What SentencePiece's rules for translation do beyond NFKC: control characters vanish, rare spaces and marks become a space.
  ///
  /// Reference: `do_nmt` in tokenizers' `normalizers/unicode.rs`.
  mutating func cleanForTranslation() {
    mapScalars { scalar in
      switch scalar {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: 0x20
      default: scalar
      }
    }
  }
}
