/// Takes the spaces at the ends of tokens out of their offsets.
///
/// Reference: `process_offsets` in tokenizers' `pre_tokenizers/byte_level.rs`.
struct OffsetTrimming: Sendable {
  let isOn: Bool
  /// One space before the first token was put there by the pre-tokenizer and has no place in the text.
  let keepsFirstSpace: Bool

  init(_ reader: StageReader) throws(TokenizerError) {
    isOn = try reader.bool("trim_offsets", default: true)
    keepsFirstSpace = try reader.bool("add_prefix_space", default: true)
  }

  func apply(
    to encoding: inout Encoding, of text: [UInt8],
    spaces: (TokenID, ArraySlice<UInt8>) -> (leading: Int, trailing: Int)
  ) {
    guard isOn else { return }
    for i in encoding.ids.indices {
      let range = encoding.offsets[i]
      var (leading, trailing) = spaces(encoding.ids[i], text[range])
      if leading == 1, keepsFirstSpace, i == 0 || range.lowerBound == 0 { leading = 0 }
      var (start, end) = (range.lowerBound, range.upperBound)
      while leading > 0, start < end {
        _ = UTF8Text.next(in: text, &start)
        leading -= 1
      }
      while trailing > 0, start < end {
        end = UTF8Text.previous(in: text, before: end).start
        trailing -= 1
      }
      encoding.offsets[i] = start..<max(start, end)
    }
  }
}
