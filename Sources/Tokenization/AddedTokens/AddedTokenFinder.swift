/// Finds added tokens in a text: leftmost first, of several at one place the longest.
///
/// Reference: `find_matches` in tokenizers' `tokenizer/added_vocabulary.rs`.
struct AddedTokenFinder: Sendable {
  private let tokens: [AddedToken]
  /// The texts to look for; an id is a place in `tokens`.
  private let contents: TokenTrie

  /// - Parameter entries: tokens and the texts to look for, which are their own but for normalized tokens. Of two tokens with one
  ///   text the first counts.
  init(_ entries: [(token: AddedToken, content: [UInt8])]) {
    var seen = ByteStringTable(capacity: entries.count)
    let entries = entries.filter { seen.insert($0.content).isNew }
    tokens = entries.map(\.token)
    contents = TokenTrie(entries.enumerated().map { ($1.content[...], TokenID($0)) })
  }

  /// The spans of a text that are tokens, and those between, in order.
  func spans(of bytes: [UInt8], _ range: Range<Int>) -> [(token: AddedToken?, range: Range<Int>)] {
    if tokens.isEmpty { return [(nil, range)] }
    var spans: [(token: AddedToken?, range: Range<Int>)] = []
    var done = range.lowerBound
    var position = range.lowerBound
    while position < range.upperBound {
      guard contents.begins(with: bytes[position]), let (token, end) = match(bytes, position, range.upperBound) else {
        position += 1
        continue
      }
      defer { position = end }
      if token.singleWord, touchesWord(bytes, position..<end, in: range) { continue }
      var span = position..<end
      // White space that the token before has taken is not taken twice, nor looked at again.
      if token.lstrip { span = spaceStart(bytes, position, min(done, position)..<range.upperBound)..<end }
      if token.rstrip { span = span.lowerBound..<spaceEnd(bytes, max(done, end), range) }
      if span.lowerBound < done { span = done..<max(done, span.upperBound) }
      if done < span.lowerBound { spans.append((nil, done..<span.lowerBound)) }
      spans.append((token, span))
      done = span.upperBound
    }
    if done < range.upperBound { spans.append((nil, done..<range.upperBound)) }
    return spans
  }

  private func match(_ bytes: [UInt8], _ start: Int, _ limit: Int) -> (AddedToken, end: Int)? {
    var longest: (number: TokenID, end: Int)?
    bytes.withUnsafeBufferPointer { bytes in
      contents.forEachPrefix(of: UnsafeBufferPointer(rebasing: bytes[..<limit]), from: start) { longest = ($0, $1) }
    }
    return longest.map { (tokens[Int($0.number)], $0.end) }
  }

  private func touchesWord(_ bytes: [UInt8], _ span: Range<Int>, in range: Range<Int>) -> Bool {
    if span.lowerBound > range.lowerBound,
      Self.isWord(UTF8Text.previous(in: bytes[range], before: span.lowerBound).scalar)
    {
      return true
    }
    var next = span.upperBound
    return next < range.upperBound && Self.isWord(UTF8Text.next(in: bytes, &next))
  }

  private func spaceStart(_ bytes: [UInt8], _ position: Int, _ range: Range<Int>) -> Int {
    var position = position
    while position > range.lowerBound {
      let (scalar, start) = UTF8Text.previous(in: bytes[range], before: position)
      guard ScalarClasses.spaces.contains(ScalarClass.table[Int(scalar)]) else { break }
      position = start
    }
    return position
  }

  private func spaceEnd(_ bytes: [UInt8], _ position: Int, _ range: Range<Int>) -> Int {
    ScalarCursor.with(bytes, range) { cursor in cursor.run(from: position, of: .spaces) }
  }

  private static func isWord(_ scalar: UInt32) -> Bool { ScalarTraits.of(scalar).contains(.word) }
}
