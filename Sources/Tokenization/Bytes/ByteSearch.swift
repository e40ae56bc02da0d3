/// Looks for a byte string in others, in time that grows with both lengths and not with their product: texts, templates and
/// tokenizers come from anywhere.
///
/// Reference: Knuth, Morris and Pratt 1977, "Fast pattern matching in strings".
struct ByteSearch: Sendable, Equatable {
  /// What is looked for; the empty string stands nowhere.
  let wanted: [UInt8]
  /// For each place the length of the longest beginning of `wanted` that ends there and is shorter than all up to there.
  private let borders: [Int]

  init(_ wanted: [UInt8]) {
    self.wanted = wanted
    var borders = [Int](repeating: 0, count: wanted.count)
    var length = 0
    for i in wanted.indices.dropFirst() {
      while length > 0, wanted[i] != wanted[length] { length = borders[length - 1] }
      if wanted[i] == wanted[length] { length += 1 }
      borders[i] = length
    }
    self.borders = borders
  }

  /// Where `wanted` stands in a part of some bytes, from left to right and without overlap.
  func matches(in bytes: [UInt8], _ range: Range<Int>, limit: Int = .max) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    guard !wanted.isEmpty, limit > 0 else { return matches }
    var length = 0
    for i in range {
      while length > 0, bytes[i] != wanted[length] { length = borders[length - 1] }
      guard bytes[i] == wanted[length] else { continue }
      length += 1
      guard length == wanted.count else { continue }
      matches.append(i + 1 - length..<i + 1)
      if matches.count == limit { break }
      length = 0
    }
    return matches
  }
}
