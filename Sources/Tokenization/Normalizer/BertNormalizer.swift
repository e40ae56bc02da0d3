/// BERT's normalizer: cleans the text, sets Chinese characters apart, strips accents, lower-cases.
///
/// Reference: tokenizers' `normalizers/bert.rs`.
struct BertNormalizer: Sendable {
  private let cleans: Bool
  private let isolatesIdeographs: Bool
  private let stripsAccents: Bool
  private let lowercases: Bool

  init(_ reader: StageReader) throws(TokenizerError) {
    cleans = try reader.bool("clean_text", default: true)
    isolatesIdeographs = try reader.bool("handle_chinese_chars", default: true)
    lowercases = try reader.bool("lowercase", default: true)
    // `null` means as `lowercase` says.
    stripsAccents = try reader.bool("strip_accents", default: lowercases)
  }

  /// ASCII goes by a rule of its own, for no step joins an ASCII character with what follows it.
  func apply(to text: inout AlignedText) {
    text.rewriteRuns(ascii: ascii) { run in
      if cleans { clean(&run) }
      if isolatesIdeographs { isolateIdeographs(&run) }
      if stripsAccents {
        NormalForm.nfd.apply(to: &run)
        run.mapScalars { ScalarTraits.of($0).contains(.nonspacingMark) ? nil : $0 }
      }
      if lowercases { run.lowercase() }
    }
  }

  private func ascii(_ byte: UInt8) -> UInt8? {
    let traits = ScalarTraits.of(UInt32(byte))
    if cleans, traits.contains(.cleaned) { return nil }
    if cleans, traits.contains(.whiteSpace) { return 0x20 }
    return lowercases && byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte
  }

  private func clean(_ run: inout AlignedText) { run.mapScalars(Self.cleaned) }

  /// Control characters vanish, white space becomes a space.
  private static func cleaned(_ scalar: UInt32) -> UInt32? {
    let traits = ScalarTraits.of(scalar)
    if traits.contains(.cleaned) { return nil }
    return traits.contains(.whiteSpace) ? 0x20 : scalar
  }

  private func isolateIdeographs(_ run: inout AlignedText) {
    let bytes = run.bytes
    var rewriter: TextRewriter?
    var position = 0
    while position < bytes.count {
      let start = position
      let scalar = UTF8Text.next(in: bytes, &position)
      guard ScalarTraits.of(scalar).contains(.ideograph) else { continue }
      if rewriter == nil { rewriter = TextRewriter(run) }
      rewriter?.keep(to: start)
      rewriter?.emit(0x20, change: 0)
      rewriter?.emit(scalar, change: 1)
      rewriter?.emit(0x20, change: 1)
    }
    rewriter?.keep(to: bytes.count)
    if let rewriter { run = rewriter.output }
  }
}
