/// Bytes from their spelling, then UTF-8 with U+FFFD for what is invalid. An incomplete character is held back.
///
/// A token with any character outside the byte alphabet stands for itself (tokenizers' `byte_level.rs`).
struct ByteLevelDecoding: DecoderStage {
  private var held: [UInt8] = []

  mutating func push(_ token: [UInt8]) -> [[UInt8]] {
    held += ByteAlphabet.bytes(ofSpelling: token) ?? token
    let whole = held.count - Self.incompleteTail(held)
    guard whole > 0 else { return [] }
    let text = Self.repaired(held[..<whole])
    held.removeFirst(whole)
    return [text]
  }

  mutating func finish() -> [[UInt8]] {
    defer { held = [] }
    return held.isEmpty ? [] : [Self.repaired(held[...])]
  }

  private static func repaired(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(UTF8Text.string(bytes).utf8) }

  /// How many bytes at the end begin a character whose rest may still come.
  private static func incompleteTail(_ bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if UTF8Text.isContinuation(byte) { continue }
      let length = byte < 0xC2 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 1
      return back < length ? back : 0
    }
    return 0
  }
}

/// Runs of tokens `<0x..>` become the characters their bytes make; if a run is not UTF-8, each of its bytes is U+FFFD.
///
/// What a run says is known only when it ends, so a stream holds it until then.
struct ByteFallbackDecoding: DecoderStage {
  private var run: [UInt8] = []

  mutating func push(_ token: [UInt8]) -> [[UInt8]] {
    if let byte = ByteFallbackName.byte(token) {
      run.append(byte)
      return []
    }
    return finish() + [token]
  }

  mutating func finish() -> [[UInt8]] {
    defer { run = [] }
    if run.isEmpty { return [] }
    if String(validating: run, as: UTF8.self) != nil { return [run] }
    return run.map { _ in Array("\u{FFFD}".utf8) }
  }
}

/// `▁` becomes a space; in the first token it vanishes unless the scheme never put it there.
struct MetaspaceDecoding: DecoderStage {
  let metaspace: Metaspace
  private var isFirst = true

  init(metaspace: Metaspace) { self.metaspace = metaspace }

  mutating func push(_ token: [UInt8]) -> [[UInt8]] {
    let space = isFirst && metaspace.scheme != .never ? [] : [UInt8(ascii: " ")]
    isFirst = false
    return [metaspace.marks.replacing(in: token, with: space)]
  }

  func finish() -> [[UInt8]] { [] }
}

/// Replaces a pattern in each token, or, after Fuse, in the text.
struct ReplaceDecoding: DecoderStage {
  private let pattern: TextPattern
  private let content: [UInt8]
  /// After Fuse a match may lie across two parts; unless it is one character the text is held to its end.
  private let holds: Bool
  private var held: [UInt8] = []

  init(pattern: TextPattern, content: [UInt8], fused: Bool) {
    self.pattern = pattern
    self.content = content
    holds = fused && !pattern.isOneCharacter
  }

  mutating func push(_ token: [UInt8]) -> [[UInt8]] {
    if holds {
      held += token
      return []
    }
    return [pattern.replacing(in: token, with: content)]
  }

  mutating func finish() -> [[UInt8]] {
    defer { held = [] }
    return held.isEmpty ? [] : [pattern.replacing(in: held, with: content)]
  }
}

/// Takes up to `start` and `stop` copies of a character off the ends of each token.
struct TokenStripping: DecoderStage {
  let content: [UInt8]
  let start: Int
  let stop: Int

  func push(_ token: [UInt8]) -> [[UInt8]] {
    var text = token[...]
    var (startLeft, stopLeft) = (start, stop)
    while startLeft > 0, text.starts(with: content) {
      text.removeFirst(content.count)
      startLeft -= 1
    }
    while stopLeft > 0, text.count >= content.count, text.suffix(content.count).elementsEqual(content) {
      text.removeLast(content.count)
      stopLeft -= 1
    }
    return [Array(text)]
  }

  func finish() -> [[UInt8]] { [] }
}

/// Takes up to `start` and `stop` copies of a character off the ends of the whole text, which comes in parts.
struct FusedStripping: DecoderStage {
  private let content: [UInt8]
  private var startLeft: Int
  private let stop: Int
  /// Copies at the end that fall away if nothing more comes.
  private var heldCopies = 0

  init(_ content: [UInt8], _ start: Int, _ stop: Int) {
    self.content = content
    startLeft = start
    self.stop = stop
  }

  mutating func push(_ part: [UInt8]) -> [[UInt8]] {
    guard !part.isEmpty else { return [] }
    var text = Array(repeatElement(content, count: heldCopies).joined()) + part
    heldCopies = 0
    while startLeft > 0, !text.isEmpty {
      if text.starts(with: content) {
        text.removeFirst(content.count)
        startLeft -= 1
      } else {
        startLeft = 0
      }
    }
    while heldCopies < stop, text.count >= content.count, text.suffix(content.count).elementsEqual(content) {
      text.removeLast(content.count)
      heldCopies += 1
    }
    return text.isEmpty ? [] : [text]
  }

  mutating func finish() -> [[UInt8]] {
    heldCopies = 0
    return []
  }
}

/// Without a decoder tokens stand side by side with a space between.
struct SpaceJoining: DecoderStage {
  private var isFirst = true

  mutating func push(_ token: [UInt8]) -> [[UInt8]] {
    defer { isFirst = false }
    return isFirst ? [token] : [[UInt8(ascii: " ")], token]
  }

  func finish() -> [[UInt8]] { [] }
}

extension TextPattern {
  fileprivate var isOneCharacter: Bool {
    guard case .literal(let search) = self, !search.wanted.isEmpty else { return false }
    return search.wanted.dropFirst().allSatisfy(UTF8Text.isContinuation)
  }

  func replacing(in bytes: [UInt8], with content: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var last = 0
    for match in matches(in: bytes, 0..<bytes.count) {
      out += bytes[last..<match.lowerBound]
      out += content
      last = match.upperBound
    }
    return out + bytes[last...]
  }
}
