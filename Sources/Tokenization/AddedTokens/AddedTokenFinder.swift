/// Finds added tokens in a text: leftmost first, of several at one place the longest.
///
/// Reference: `find_matches` in tokenizers' `tokenizer/added_vocabulary.rs`.
struct AddedTokenFinder: Sendable {
  private var tokens: [AddedToken] = []
  private var contents = ByteStringTable()
  /// The lengths of the tokens that begin with a byte, longest first.
  private var lengths = [[Int]](repeating: [], count: 256)

  var isEmpty: Bool { tokens.isEmpty }

  /// - Parameter content: the text to look for, which is the token's own but for normalized tokens.
  mutating func insert(_ token: AddedToken, content: [UInt8]) {
    guard let first = content.first, contents.insert(content).isNew else { return }
    tokens.append(token)
    let byte = Int(first)
    if !lengths[byte].contains(content.count) {
      lengths[byte].append(content.count)
      lengths[byte].sort(by: >)
    }
  }

  /// The spans of a text that are tokens, and those between, in order.
  func spans(of bytes: [UInt8], _ range: Range<Int>) -> [(token: AddedToken?, range: Range<Int>)] {
    guard !isEmpty else { return [(nil, range)] }
    var spans: [(token: AddedToken?, range: Range<Int>)] = []
    var done = range.lowerBound
    var position = range.lowerBound
    while position < range.upperBound {
      guard !lengths[Int(bytes[position])].isEmpty, let (token, end) = match(bytes, position, range.upperBound) else {
        position += 1
        continue
      }
      defer { position = end }
      if token.singleWord, touchesWord(bytes, position..<end, in: range) { continue }
      var span = position..<end
      // White space that the token before has taken is not taken twice.
      if token.lstrip { span = max(done, spaceStart(bytes, position, range))..<end }
      if token.rstrip { span = span.lowerBound..<spaceEnd(bytes, end, range) }
      if span.lowerBound < done { span = done..<max(done, span.upperBound) }
      if done < span.lowerBound { spans.append((nil, done..<span.lowerBound)) }
      spans.append((token, span))
      done = span.upperBound
    }
    if done < range.upperBound { spans.append((nil, done..<range.upperBound)) }
    return spans
  }

  private func match(_ bytes: [UInt8], _ start: Int, _ limit: Int) -> (AddedToken, end: Int)? {
    for length in lengths[Int(bytes[start])] where start + length <= limit {
      if let index = contents.find(bytes[start..<start + length]) { return (tokens[index], start + length) }
    }
    return nil
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
