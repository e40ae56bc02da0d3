import Testing

@testable import ModelHub

/// The examples of FIPS 180-4 (NIST, "Cryptographic Standards and Guidelines: Example Values") and of the tools themselves.
@Suite struct MessageDigestTests {
  private func digests(_ text: String) -> [String] {
    var (one, two) = (MessageDigest<SHA1>(), MessageDigest<SHA256>())
    one.update(text)
    two.update(text)
    return [one.finished(), two.finished()]
  }

  @Test(arguments: [
    (
      "", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ),
    (
      "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "a49b2446a02c645bf419f995b67091253a04a259", "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
    (
      String(repeating: "a", count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ])
  func `the examples of the standard`(text: String, sha1: String, sha256: String) {
    #expect(digests(text) == [sha1, sha256])
  }

  @Test func `pieces of any length give the digest of the whole`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    var whole = MessageDigest<SHA256>()
    bytes.withUnsafeBytes { whole.update($0) }
    let expected = whole.finished()
    for length in [1, 3, 55, 63, 64, 65, 127, 129, 999] {
      var pieces = MessageDigest<SHA256>()
      for start in stride(from: 0, to: bytes.count, by: length) {
        Array(bytes[start..<min(start + length, bytes.count)]).withUnsafeBytes { pieces.update($0) }
      }
      #expect(pieces.finished() == expected, "\(length)")
    }
  }

  @Test func `a small file has the name that git gives it, a large one that of its content`() {
    // `printf 'hello\n' | git hash-object --stdin`, `printf 'hello\n' | sha256sum`
    let hello = Array("hello\n".utf8)
    #expect(ContentHash(of: hello, isLarge: false).name == "ce013625030ba8dba906f756967f9e9ca394464a")
    let large = ContentHash(of: hello, isLarge: true)
    #expect(large.name == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
    #expect(ContentHash(tag: "W/\"\(large.name)\"") == large)
    #expect(ContentHash(tag: "\"../../etc/passwd\"") == nil)
    #expect(ContentHash(tag: "\"abc-2\"") == nil)
  }
}
