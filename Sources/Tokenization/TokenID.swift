/// The number of a token in its vocabulary.
public typealias TokenID = Int32

/// A text as tokens: what they are and which part of the text each stands for.
public struct Encoding: Sendable, Equatable {
  /// The tokens in order.
  public var ids: [TokenID]
  /// For each token the range of UTF-8 bytes of the input it stands for, always whole characters (Unicode scalars).
  ///
  /// Two tokens that share the bytes of one character both have the range of that character. Tokens that the
  /// post-processor adds (begin of text and its like) have the empty range `0..<0`.
  public var offsets: [Range<Int>]
  /// For each token the segment it belongs to, which encoders embed: 0 in the first text, 1 in the second, unless the
  /// post-processor says otherwise.
  public var typeIDs: [Int32]

  /// Puts together tokens, their ranges and their segments, which must be of the same number.
  ///
  /// - Parameter typeIDs: the segments; `nil` for 0 throughout.
  public init(ids: [TokenID] = [], offsets: [Range<Int>] = [], typeIDs: [Int32]? = nil) {
    self.ids = ids
    self.offsets = offsets
    self.typeIDs = typeIDs ?? Array(repeating: 0, count: ids.count)
  }
}
