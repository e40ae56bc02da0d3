/// Numbers byte strings in the order in which they come, and finds the number of one.
///
/// Swift's `String` holds two spellings of one character for equal (`é` as one scalar or two); for a vocabulary they are
/// two tokens. Bytes have no such ideas, and need no hashing of normal forms in the inner loop.
struct ByteStringTable: Sendable {
  private var arena: [UInt8] = []
  private var ends: [Int] = []
  /// Open addressing with linear probing; an entry's number plus one, zero where free. At most half full.
  private var slots: [Int32]

  init(capacity: Int = 0) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [Int32](repeating: 0, count: size)
  }

  var count: Int { ends.count }
  var indices: Range<Int> { ends.indices }

  /// The bytes of entry `index`.
  subscript(index: Int) -> ArraySlice<UInt8> { arena[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

  func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let found = slots[slot(of: bytes)]
    return found == 0 ? nil : Int(found) - 1
  }

  func find(_ bytes: some Sequence<UInt8>) -> Int? {
    if let found = bytes.withContiguousStorageIfAvailable({ find($0) }) { return found }
    return Array(bytes).withUnsafeBufferPointer { find($0) }
  }

  /// Adds the string if it is new; either way its number.
  @discardableResult
  mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let place = slot(of: bytes)
    if slots[place] != 0 { return (Int(slots[place]) - 1, false) }
    arena.append(contentsOf: bytes)
    ends.append(arena.count)
    slots[place] = Int32(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  @discardableResult
  mutating func insert(_ bytes: some Sequence<UInt8>) -> (index: Int, isNew: Bool) {
    let array = Array(bytes)
    return array.withUnsafeBufferPointer { insert($0) }
  }

  /// The slot that holds the string, or the free one where it would go.
  @inline(__always)
  private func slot(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: Self.hash(bytes)) & mask
    while slots[place] != 0, !matches(Int(slots[place]) - 1, bytes) { place = (place + 1) & mask }
    return place
  }

  @inline(__always)
  private func matches(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == bytes.count else { return false }
    return arena.withUnsafeBufferPointer { arena in
      for i in 0..<bytes.count where arena[start + i] != bytes[i] { return false }
      return true
    }
  }

  /// FNV-1a, with the high bits folded down because the mask looks at the low ones.
  @inline(__always)
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 32)
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 2)
    for index in 0..<ends.count {
      let place = self[index].withUnsafeBufferPointer { slot(of: $0) }
      slots[place] = Int32(index + 1)
    }
  }
}
