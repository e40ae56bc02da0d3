/// The normal forms of Unicode: composed or decomposed, canonically or compatibly.
enum NormalForm: UInt8, Sendable {
  case nfc, nfd, nfkc, nfkd

  var bit: UInt8 { 1 << rawValue }
  var composes: Bool { self == .nfc || self == .nfkc }
  var isCompatible: Bool { self == .nfkc || self == .nfkd }
}

extension NormalForm {
  /// Brings a text into this form, in time that grows with its length; text that is in it already is looked through and left alone.
  ///
  /// Only stretches from one stable character to the next are rewritten. Which part of the input a new character is of follows
  /// the crate unicode-normalization-alignments, which tells for each whether it stands for the next character of the text,
  /// for several, or was inserted.
  func apply(to text: inout AlignedText) {
    let table = Decompositions.table
    var rewriter: TextRewriter?
    var stretch = ScalarStretch()
    let bytes = text.bytes
    var position = 0
    // Where the last stable character begins: a mark after it may compose with it.
    var stable = 0
    while position < bytes.count {
      let start = position
      if bytes[position] < 0x80 {
        position += 1
        stable = start
        continue
      }
      if table.isStable(UTF8Text.next(in: bytes, &position), in: self) {
        stable = start
        continue
      }
      if rewriter == nil { rewriter = TextRewriter(text) }
      var end = position
      while end < bytes.count {
        var next = end
        guard !table.isStable(UTF8Text.next(in: bytes, &next), in: self) else { break }
        end = next
      }
      // Decomposition never reaches back.
      let first = composes ? stable : start
      rewriter?.keep(to: first)
      stretch.rewrite(bytes[first..<end], to: self, table) { rewriter?.emit($0, change: $1) }
      position = end
      stable = end
    }
    rewriter?.keep(to: bytes.count)
    if let rewriter { text = rewriter.output }
  }
}

/// The characters between two stable ones at work. A character's change is 0 where it stands for the next one of the text, -n where
/// it stands for n more, 1 where it was inserted.
private struct ScalarStretch {
  private typealias Item = (scalar: UInt32, class: UInt8, change: Int)

  private var items: [Item] = []
  private var blocked: [Item] = []

  mutating func rewrite(
    _ bytes: ArraySlice<UInt8>, to form: NormalForm, _ table: Decompositions, _ emit: (UInt32, Int) -> Void
  ) {
    decompose(bytes, form, table)
    if form.composes {
      compose(table, emit)
    } else {
      for item in items { emit(item.scalar, item.change) }
    }
  }

  private mutating func decompose(_ bytes: ArraySlice<UInt8>, _ form: NormalForm, _ table: Decompositions) {
    items.removeAll(keepingCapacity: true)
    var marks = 0
    var position = bytes.startIndex
    while position < bytes.endIndex {
      let scalar = UTF8Text.next(in: bytes, &position)
      var change = 0
      table.decompose(scalar, compatibly: form.isCompatible) { part in
        let combiningClass = table.combiningClass(of: part)
        if combiningClass == 0 {
          order(from: marks)
          marks = items.count + 1
        }
        items.append((part, combiningClass, change))
        change = 1
      }
    }
    order(from: marks)
  }

  /// Sorts the marks from an index on by their classes, those of one class in the order in which they stand.
  private mutating func order(from start: Int) {
    guard start + 1 < items.count else { return }
    if items.count - start > 32 {
      let sorted = items[start...].enumerated().sorted {
        ($0.element.class, $0.offset) < ($1.element.class, $1.offset)
      }
      items.replaceSubrange(start..., with: sorted.map(\.element))
      return
    }
    for i in start + 1..<items.count {
      var k = i
      while k > start, items[k - 1].class > items[k].class {
        items.swapAt(k - 1, k)
        k -= 1
      }
    }
  }

  private mutating func compose(_ table: Decompositions, _ emit: (UInt32, Int) -> Void) {
    blocked.removeAll(keepingCapacity: true)
    var starter: Item?
    for item in items {
      guard let first = starter else {
        if item.class == 0 { starter = item } else { emit(item.scalar, item.change) }
        continue
      }
      // A mark is blocked from the starter by one of its own or a higher class that stayed between them.
      let isBlocked = blocked.last.map { $0.class >= item.class } ?? false
      if !isBlocked, let whole = table.compose(first.scalar, item.scalar) {
        starter = (whole, 0, first.change + item.change - 1)
      } else if item.class == 0 {
        emit(first.scalar, first.change)
        flush(emit)
        starter = item
      } else {
        blocked.append(item)
      }
    }
    if let starter { emit(starter.scalar, starter.change) }
    flush(emit)
  }

  private mutating func flush(_ emit: (UInt32, Int) -> Void) {
    for item in blocked { emit(item.scalar, item.change) }
    blocked.removeAll(keepingCapacity: true)
  }
}
