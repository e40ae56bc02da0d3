/// A stretch of an encoding: a text, or special tokens.
struct EncodedPart: Sendable {
  var encoding: Encoding
  /// The number of the text, 0 or 1; `nil` for special tokens.
  let text: Int?
}
