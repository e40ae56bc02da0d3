/// The pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, which matches every character.
enum GPT2Scanner {
  private static let letter = ScalarClass.letter.rawValue
  private static let number = ScalarClass.number.rawValue
  private static let space = ScalarClass.space.rawValue

  static func scan(_ cursor: ScalarCursor, from start: Int, _ matches: inout [Range<Int>]) {
    var position = start
    while position < cursor.end {
      let end = matchEnd(cursor, position)
      matches.append(position..<end)
      position = end
    }
  }

  private static func matchEnd(_ cursor: ScalarCursor, _ start: Int) -> Int {
    let byte = cursor.bytes[start]
    if byte == UInt8(ascii: "'"), let end = contractionEnd(cursor, start) { return end }
    var (scalarClass, next) = cursor.scalar(at: start)
    // ` ?` before letters, numbers or others: the plain space alone, no other white space.
    if byte == UInt8(ascii: " "), next < cursor.end {
      let following = cursor.scalar(at: next)
      if following.class != space { (scalarClass, next) = following }
    }
    if scalarClass == letter { return cursor.run(from: next) { $0 == letter } }
    if scalarClass == number { return cursor.run(from: next) { $0 == number } }
    if scalarClass != space { return cursor.run(from: next) { $0 != letter && $0 != number && $0 != space } }

    // `\s+(?!\S)`: all the white space at the end of the text; before a word all but its last character, which goes
    // with the word if it is a plain space. A single one that the word did not take is `\s+`.
    var last = start
    var end = next
    while end < cursor.end {
      let (scalarClass, next) = cursor.scalar(at: end)
      guard scalarClass == space else { break }
      last = end
      end = next
    }
    return end == cursor.end || last == start ? end : last
  }

  private static func contractionEnd(_ cursor: ScalarCursor, _ start: Int) -> Int? {
    guard start + 1 < cursor.end else { return nil }
    switch cursor.bytes[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    default: break
    }
    guard start + 2 < cursor.end else { return nil }
    switch (cursor.bytes[start + 1], cursor.bytes[start + 2]) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    default: return nil
    }
  }
}
