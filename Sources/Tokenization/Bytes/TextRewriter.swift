/// Rewrites a text from its beginning to its end and gives each new character the part of the input that tokenizers'
/// `NormalizedString::transform` gives it.
struct TextRewriter {
  private let source: AlignedText
  /// Up to where the source has been used.
  private(set) var position = 0
  private(set) var output = AlignedText()

  init(_ source: AlignedText) { self.source = source }

  /// Takes over the source up to a position as it is.
  mutating func keep(to end: Int) {
    guard position < end else { return }
    output.append(source, position..<end)
    position = end
  }

  /// Leaves out the source up to a position.
  mutating func skip(to end: Int) { position = max(position, end) }

  /// Leaves out some characters of the source.
  mutating func skip(scalars count: Int) {
    for _ in 0..<count where position < source.bytes.count { _ = UTF8Text.next(in: source.bytes, &position) }
  }

  /// Writes a character.
  ///
  /// - Parameter change: 0 for one that stands for the next character of the source, -n for one that stands for n more, 1 for one
  ///   that is inserted and belongs to the character before.
  mutating func emit(_ scalar: UInt32, change: Int) {
    if change > 0 {
      output.append(scalar: scalar, from: position > 0 ? source.origin(of: position - 1..<position) : 0..<0)
      return
    }
    let last = max(0, source.bytes.count - 1)
    let place = min(position, last)
    output.append(scalar: scalar, from: source.origin(of: place..<min(place + 1, source.bytes.count)))
    skip(scalars: 1 - change)
  }
}

extension AlignedText {
  /// Replaces characters one by one.
  ///
  /// - Parameter replacement: What stands for a character, itself among the rest; `nil` to leave it out.
  mutating func mapScalars(_ replacement: (UInt32) -> UInt32?) {
    var rewriter: TextRewriter?
    var position = 0
    while position < bytes.count {
      let start = position
      let scalar = UTF8Text.next(in: bytes, &position)
      let new = replacement(scalar)
      if new == scalar { continue }
      if rewriter == nil { rewriter = TextRewriter(self) }
      rewriter?.keep(to: start)
      if let new { rewriter?.emit(new, change: 0) } else { rewriter?.skip(to: position) }
    }
    rewriter?.keep(to: bytes.count)
    if let rewriter { self = rewriter.output }
  }

  /// Rewrites each run of characters beyond ASCII by itself, and each ASCII character by a function.
  mutating func rewriteRuns(ascii: (UInt8) -> UInt8?, others: (inout AlignedText) -> Void) {
    if bytes.allSatisfy({ $0 < 0x80 && ascii($0) != nil }) {
      replaceBytes { ascii($0) ?? $0 }
      return
    }
    var output = AlignedText()
    var position = 0
    while position < bytes.count {
      let start = position
      if bytes[position] < 0x80 {
        if let new = ascii(bytes[position]) { output.append([new], from: origin(of: position..<position + 1)) }
        position += 1
        continue
      }
      while position < bytes.count, bytes[position] >= 0x80 { position += 1 }
      var run = slice(start..<position)
      others(&run)
      output.append(run, run.all)
    }
    self = output
  }
}
