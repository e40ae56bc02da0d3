/// A model of the Hub, or one GGUF file of it, as users name it: `org/name`, `org/name/file.gguf`, each with `@revision`.
public struct HubModel: Sendable, Equatable {
  /// `org/name`.
  public let id: String
  /// A branch, tag or commit.
  public let revision: String
  /// The path of a GGUF file in the repository; `nil` for the model in Hugging Face layout.
  public let file: String?

  /// Reads a name; `nil` where it cannot be one.
  ///
  /// The rules are the Hub's: letters, digits, `-`, `_` and `.`, at most 96 of them a part, none of `-` and `.` at either
  /// end, neither `--` nor `..` anywhere. So no name leads out of the folder that is made for it.
  public init?(_ text: String) {
    let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let parts = Self.parts(halves[0])
    guard parts.count >= 2, Self.isIDPart(parts[0]), Self.isIDPart(parts[1]), !parts[1].hasSuffix(".git") else {
      return nil
    }
    let isFile = halves[0].hasSuffix(".gguf")
    guard isFile == (parts.count > 2), parts.dropFirst(2).allSatisfy(Self.isFilePart) else { return nil }
    let revision = halves.count > 1 ? halves[1] : "main"
    guard Self.isRevision(revision) else { return nil }
    id = parts[0] + "/" + parts[1]
    self.revision = revision
    file = isFile ? parts.dropFirst(2).joined(separator: "/") : nil
  }

  /// What the model is called in tables: the last part of its name, that of the file without `.gguf`.
  public var name: String {
    let path = file.map { String($0.dropLast(5)) } ?? id
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  static func isIDPart(_ part: String) -> Bool {
    func isInner(_ byte: UInt8) -> Bool { isWord(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }
    guard let first = part.utf8.first, let last = part.utf8.last, isWord(first), isWord(last) else { return false }
    return part.utf8.count <= 96 && part.utf8.allSatisfy(isInner) && !part.contains("--") && !part.contains("..")
  }

  /// Whether a part of a path names something below, and in plain characters.
  static func isFilePart(_ part: String) -> Bool {
    !part.isEmpty && part != "." && part != ".." && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != 0x5c }
  }

  /// Whether a path leads from a folder to something in it.
  static func isFilePath(_ path: String) -> Bool { parts(path).allSatisfy(isFilePart) }

  /// The parts of a path as the file system sees them.
  ///
  /// Cut at bytes: to `String` a slash with a combining mark after it is another character, which hides what stands before it.
  static func parts(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Whether git allows the name, and it leads to something below the folder of references.
  static func isRevision(_ text: String) -> Bool {
    let forbidden = Set("~^:?*[\\ @".utf8)
    return isFilePath(text) && !text.contains("..") && !text.utf8.contains(where: forbidden.contains)
  }

  /// Whether the text is the whole hash of a commit.
  static func isCommit(_ text: String) -> Bool { text.utf8.count == 40 && text.utf8.allSatisfy(isHexDigit) }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    default: isDigit(byte)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  static func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}

extension HubModel: CustomStringConvertible {
  /// The name in the form that is read.
  public var description: String { path + (revision == "main" ? "" : "@" + revision) }

  /// The name without its revision.
  var path: String { file.map { id + "/" + $0 } ?? id }
}
