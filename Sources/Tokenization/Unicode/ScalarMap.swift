/// A small number for every Unicode scalar, zero for nearly all: pages of scalars, of which all the empty ones are one.
struct ScalarMap<Value: FixedWidthInteger & Sendable>: Sendable {
  private static var pageSize: UInt32 { 128 }
  /// The page of each stretch of scalars.
  private var pages = [UInt16](repeating: 0, count: 0x110000 / 128)
  private var values = [Value](repeating: 0, count: 128)

  subscript(scalar: UInt32) -> Value {
    @inline(__always) get {
      scalar < 0x110000 ? values[Int(pages[Int(scalar / Self.pageSize)]) * 128 + Int(scalar % Self.pageSize)] : 0
    }
    set {
      let page = Int(scalar / Self.pageSize)
      if pages[page] == 0 {
        pages[page] = UInt16(values.count / 128)
        values += repeatElement(0, count: 128)
      }
      values[Int(pages[page]) * 128 + Int(scalar % Self.pageSize)] = newValue
    }
  }
}

/// Ranges of scalars written as two numbers each: how many scalars lie between a range and the one before, and how many more
/// than one it holds.
struct ScalarRanges: Sequence, IteratorProtocol {
  private let deltas: [UInt32]
  private var index = 0
  private var following: UInt32 = 0

  init(_ deltas: [UInt32]) { self.deltas = deltas }

  mutating func next() -> ClosedRange<UInt32>? {
    guard index + 1 < deltas.count else { return nil }
    let first = following + deltas[index]
    let last = first + deltas[index + 1]
    index += 2
    following = last + 1
    return first...last
  }
}
