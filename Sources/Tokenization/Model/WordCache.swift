/// The tokens of words seen before. Most words of a text are.
struct WordCache: Sendable {
  private var words = ByteStringTable(capacity: 1 << 12)
  private var symbols: [Symbol] = []
  private var ends: [Int] = []

  /// Longer pieces are not kept: they hardly come twice.
  static let longestWord = 64
  /// With more words than this the cache starts afresh, so that memory stays bounded on any text.
  static let mostWords = 1 << 16

  /// Appends the tokens of a word if it is known.
  @inline(__always)
  func append(_ word: UnsafeBufferPointer<UInt8>, to out: inout [Symbol]) -> Bool {
    guard word.count <= Self.longestWord, let index = words.find(word) else { return false }
    let start = index == 0 ? 0 : ends[index - 1]
    for i in start..<ends[index] { out.append(symbols[i]) }
    return true
  }

  mutating func keep(_ word: UnsafeBufferPointer<UInt8>, _ tokens: ArraySlice<Symbol>) {
    guard word.count <= Self.longestWord else { return }
    if words.count >= Self.mostWords { self = WordCache() }
    words.insert(word)
    symbols += tokens
    ends.append(symbols.count)
  }
}
