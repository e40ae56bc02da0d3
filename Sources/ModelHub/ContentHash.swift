/// The hash by which the Hub names the content of a file.
package enum ContentHash: Equatable {
  /// SHA-256 of the content: files in large file storage.
  case sha256(String)
  /// SHA-1 of `blob `, the size, a zero byte and the content: files in git.
  case gitBlob(String)

  /// Reads the header `ETag`; `nil` if it is neither hash.
  init?(tag: String) {
    var tag = tag[...]
    if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
    if tag.count >= 2, tag.first == "\"", tag.last == "\"" { tag = tag.dropFirst().dropLast() }
    let name = String(tag)
    guard name.utf8.allSatisfy(HubModel.isHexDigit) else { return nil }
    switch name.utf8.count {
    case 64: self = .sha256(name)
    case 40: self = .gitBlob(name)
    default: return nil
    }
  }

  /// The hash under which the Hub stores a content.
  package init(of content: [UInt8], isLarge: Bool) {
    let unknown = isLarge ? ContentHash.sha256("") : .gitBlob("")
    var digest = unknown.digest(size: content.count)
    content.withUnsafeBytes { digest.update($0) }
    self = isLarge ? .sha256(digest.finished()) : .gitBlob(digest.finished())
  }

  /// The name of the file in the cache.
  package var name: String {
    switch self {
    case .sha256(let name), .gitBlob(let name): name
    }
  }

  /// What computes the hash of a file that comes in pieces.
  func digest(size: Int) -> ContentDigest { ContentDigest(self, size: size) }
}

/// Computes a ``ContentHash`` piece by piece.
struct ContentDigest {
  private var sha256: MessageDigest<SHA256>?
  private var sha1: MessageDigest<SHA1>?

  fileprivate init(_ hash: ContentHash, size: Int) {
    switch hash {
    case .sha256: sha256 = MessageDigest()
    case .gitBlob:
      sha1 = MessageDigest()
      sha1?.update("blob \(size)\0")
    }
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha256?.update(bytes)
    sha1?.update(bytes)
  }

  /// The hash in hexadecimal digits.
  func finished() -> String { sha256?.finished() ?? sha1?.finished() ?? "" }
}
