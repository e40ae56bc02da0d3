/// Text on its way through the stages, which knows for every byte the part of the input it came from.
struct AlignedText: Sendable {
  private(set) var bytes: [UInt8]
  /// The range of the input of each byte; `nil` while the text is still the input from byte `base` on.
  private var origins: [Range<Int>]?
  private let base: Int

  /// A part of the input, which begins there at byte `base`.
  init(input bytes: [UInt8], base: Int = 0) {
    self.bytes = bytes
    self.base = base
  }

  /// An empty text to which others are appended.
  init() {
    bytes = []
    base = 0
    origins = []
  }

  var all: Range<Int> { 0..<bytes.count }

  /// The range of the input, in whole characters, that a part of this text came from.
  @inline(__always)
  func origin(of range: Range<Int>) -> Range<Int> {
    if range.isEmpty { return 0..<0 }
    if let origins {
      let first = origins[range.lowerBound].lowerBound
      return first..<max(first, origins[range.upperBound - 1].upperBound)
    }
    var start = range.lowerBound
    var end = range.upperBound
    while start > 0, UTF8Text.isContinuation(bytes[start]) { start -= 1 }
    while end < bytes.count, UTF8Text.isContinuation(bytes[end]) { end += 1 }
    return base + start..<base + end
  }

  /// Appends a part of another text, origins and all.
  mutating func append(_ other: AlignedText, _ range: Range<Int>) {
    bytes += other.bytes[range]
    guard origins != nil else { return }
    if let others = other.origins {
      origins? += others[range]
      return
    }
    var position = range.lowerBound
    while position < range.upperBound {
      let origin = other.origin(of: position..<position + 1)
      let end = min(range.upperBound, origin.upperBound - other.base)
      for _ in position..<end { origins?.append(origin) }
      position = end
    }
  }

  /// Appends a character that stands for one given part of the input.
  mutating func append(scalar: UInt32, from origin: Range<Int>) {
    let start = bytes.count
    UTF8Text.append(scalar, to: &bytes)
    for _ in start..<bytes.count { origins?.append(origin) }
  }

  /// Replaces bytes in place by others that make characters of the same lengths, so that nothing moves.
  mutating func replaceBytes(_ replacement: (UInt8) -> UInt8) {
    for i in bytes.indices { bytes[i] = replacement(bytes[i]) }
  }

  /// Appends bytes that stand for one given part of the input.
  mutating func append(_ new: [UInt8], from origin: Range<Int>) {
    bytes += new
    origins? += repeatElement(origin, count: new.count)
  }

  /// Appends what is to stand before a part of another text; it takes the origin of the first character of that part
  /// (as in tokenizers' `NormalizedString::prepend`). Before an empty part nothing is put.
  mutating func append(prefix: [UInt8], before range: Range<Int>, of other: AlignedText) {
    guard !range.isEmpty else { return }
    append(prefix, from: other.origin(of: range.lowerBound..<range.lowerBound + 1))
  }

  func slice(_ range: Range<Int>) -> AlignedText {
    if origins == nil { return AlignedText(input: Array(bytes[range]), base: base + range.lowerBound) }
    var out = AlignedText()
    out.append(self, range)
    return out
  }

  /// Appends a part of another text with every match replaced; the new bytes take the origin of the last character
  /// that they replace (as in tokenizers' `NormalizedString::replace`).
  mutating func append(
    _ other: AlignedText, _ range: Range<Int>, replacing pattern: TextPattern, with content: [UInt8]
  ) {
    var last = range.lowerBound
    for match in pattern.matches(in: other.bytes, range) where !match.isEmpty {
      append(other, last..<match.lowerBound)
      append(content, from: other.origin(of: match.upperBound - 1..<match.upperBound))
      last = match.upperBound
    }
    append(other, last..<range.upperBound)
  }
}
