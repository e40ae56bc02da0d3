/// The name of a byte token in SentencePiece vocabularies: `<0x0A>`.
enum ByteFallbackName {
  static func of(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]] + Array(">".utf8)
  }

  /// The byte that a token names.
  static func byte(_ token: some Collection<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token.dropFirst(5).first == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(UTF8Text.string(token.dropFirst(3).prefix(2)), radix: 16)
  }
}
