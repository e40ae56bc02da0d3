/// A regular expression, compiled into a table: the search reads each character once and never goes back.
///
/// A state of the automaton is the list of steps at which a backtracking matcher could stand, in the order in which it would
/// try them; what comes after a match in that list is dropped, so that the same match is found (the leftmost, and of those the first
/// in the matcher's order). A look-ahead is decided when the next character is read. Reference: Cox 2010, "Regular Expression
/// Matching in the Wild".
struct Pattern: Sendable, Equatable {
  /// The pattern as it was written.
  let text: String
  private let partition: ScalarPartition
  /// For each state (by its first entry) and class of scalars the next state, twice, plus one where a match ends before that
  /// scalar. State 0 is dead; the last class of a state is the end of the text.
  private let transitions: [UInt32]
  private let start: Int

  static func == (a: Pattern, b: Pattern) -> Bool { a.text == b.text }

  /// - Parameter source: where the pattern stands, for errors.
  init(_ text: String, source: String) throws(TokenizerError) {
    self.text = text
    func unsupported(_ construct: String, _ position: Int) -> TokenizerError {
      .unsupportedPattern(pattern: text, construct: construct, position: position, source: source)
    }
    let node: PatternNode
    do { node = try PatternParser.parse(text) } catch { throw unsupported(error.construct, error.position) }
    if node.mayBeEmpty { throw unsupported("a match of the empty text", 0) }
    guard let program = PatternProgram(node), let partition = ScalarPartition(program.sets),
      let automaton = PatternAutomaton(program, partition)
    else { throw unsupported("more states or ranges than the tables hold", 0) }
    self.partition = partition
    transitions = automaton.transitions
    start = automaton.start
  }

  /// The matches in a part of a text, in order, not overlapping.
  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { bytes in
      ScalarClass.table.withUnsafeBufferPointer { classes in
        transitions.withUnsafeBufferPointer { transitions in
          partition.ascii.withUnsafeBufferPointer { ascii in
            var search = PatternSearch(
              bytes: bytes, end: range.upperBound, classes: classes, ascii: ascii, partition: partition,
              transitions: transitions, start: start, endClass: partition.count)
            search.run(from: range.lowerBound, &matches)
          }
        }
      }
    }
    return matches
  }
}

/// A pattern at work on a text.
private struct PatternSearch {
  let bytes: UnsafeBufferPointer<UInt8>
  let end: Int
  let classes: UnsafeBufferPointer<UInt8>
  let ascii: UnsafeBufferPointer<UInt8>
  let partition: ScalarPartition
  let transitions: UnsafeBufferPointer<UInt32>
  let start: Int
  let endClass: Int

  /// The states of a long attempt that failed, from byte `failedFrom` on. An attempt that comes into the same state at the same
  /// place fails likewise; so `\s+$` does not look at a long run of spaces again from each of them.
  var failed: [UInt32] = []
  var failedFrom = 0

  mutating func run(from first: Int, _ matches: inout [Range<Int>]) {
    var position = first
    while position < end {
      if let matchEnd = match(from: position) {
        matches.append(position..<matchEnd)
        position = matchEnd
      } else {
        repeat { position += 1 } while position < end && UTF8Text.isContinuation(bytes[position])
      }
    }
  }

  /// Where the match that begins at `first` ends.
  private mutating func match(from first: Int) -> Int? {
    var state = start
    var position = first
    var found = -1
    while true {
      let here = position
      var scalarClass = endClass
      if position < end {
        let byte = bytes[position]
        if byte < 0x80 {
          position += 1
          scalarClass = Int(ascii[Int(byte)])
        } else {
          let scalar = UTF8Text.next(in: bytes, &position)
          scalarClass = Int(partition.ofNonASCII(scalar, classes[Int(min(scalar, 0x10FFFF))]))
        }
      }
      let transition = transitions[state + scalarClass]
      if transition & 1 != 0 { found = here }
      state = Int(transition >> 1)
      if state == 0 { break }
      if !failed.isEmpty, found < 0, position - failedFrom < failed.count,
        failed[position - failedFrom] == UInt32(state)
      {
        return nil
      }
    }
    if found < 0, position - first > Self.longAttempt { keepFailure(first) }
    return found < 0 ? nil : found
  }

  private static let longAttempt = 64

  /// Goes once more through an attempt that failed, and keeps its states.
  private mutating func keepFailure(_ first: Int) {
    failed.removeAll(keepingCapacity: true)
    failedFrom = first
    var state = start
    var position = first
    while position < end {
      let scalar = UTF8Text.next(in: bytes, &position)
      let scalarClass =
        scalar < 0x80
        ? ascii[Int(scalar)] : partition.ofNonASCII(scalar, classes[Int(min(scalar, 0x10FFFF))])
      state = Int(transitions[state + Int(scalarClass)] >> 1)
      if state == 0 { return }
      while failed.count < position - first { failed.append(0) }
      failed.append(UInt32(state))
    }
  }
}
