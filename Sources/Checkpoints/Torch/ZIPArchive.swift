/// The directory of a ZIP file whose members are stored as they are, which is how torch writes its archives.
///
/// Layout: APPNOTE.TXT of PKWARE, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end, ZIP64).
/// Checksums are not compared: torch can be told to leave them out, and loads such archives.
struct ZIPArchive: Sendable {
  let file: MappedFile
  /// The bytes of each member, by name.
  private(set) var members: [String: Range<Int>] = [:]

  private static let localHeader: UInt32 = 0x0403_4B50
  private static let directoryHeader: UInt32 = 0x0201_4B50
  private static let directoryEnd: UInt32 = 0x0605_4B50
  private static let wideDirectoryEnd: UInt32 = 0x0606_4B50
  private static let wideLocator: UInt32 = 0x0706_4B50

  /// What a ZIP file with a member begins with.
  static let magic: [UInt8] = Array("PK\u{3}\u{4}".utf8)

  /// Maps the file and reads its directory; no member is read.
  init(_ path: String) throws(CheckpointError) {
    file = try MappedFile(path)
    let end = try endOfDirectory()
    guard end.offset >= 0, end.size >= 0, end.offset <= file.count, end.size <= file.count - end.offset else {
      throw .truncated(
        file: path, part: "the directory of the archive", needed: UInt64(clamping: end.size),
        got: UInt64(clamping: file.count - max(0, min(end.offset, file.count))))
    }
    var at = end.offset
    let limit = end.offset + end.size
    var spans: [(range: Range<Int>, name: String)] = []
    while at < limit {
      let (name, range, next) = try member(at: at, limit: limit)
      at = next
      guard members.updateValue(range, forKey: name) == nil else {
        throw malformed("the member '\(name)' stands twice")
      }
      spans.append((range, name))
    }
    guard members.count == end.count else {
      throw malformed("its end announces \(end.count) members, it lists \(members.count)")
    }
    spans.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    for (first, second) in zip(spans, spans.dropFirst()) where first.range.upperBound > second.range.lowerBound {
      throw malformed("the bytes of '\(second.name)' overlap those of '\(first.name)'")
    }
  }

  private func malformed(_ problem: String) -> CheckpointError {
    .malformed(file: file.path, place: "directory of the archive", problem: problem)
  }

  /// A little-endian number; `at` may be anything.
  private func number<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at: Int) throws(CheckpointError) -> T {
    let size = MemoryLayout<T>.size
    guard at >= 0, at <= file.count - size else {
      throw .truncated(
        file: file.path, part: "the directory of the archive", needed: UInt64(clamping: max(0, at)) + UInt64(size),
        got: UInt64(file.count))
    }
    defer { withExtendedLifetime(file) {} }
    return T(littleEndian: file.bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }

  private func size(_ value: UInt64) throws(CheckpointError) -> Int {
    guard let value = Int(exactly: value) else { throw malformed("\(value) is no possible size") }
    return value
  }

  /// Where the directory lies: the last record of the file, behind which only a comment may follow.
  private func endOfDirectory() throws(CheckpointError) -> (offset: Int, size: Int, count: Int) {
    var at = file.count - 22
    let lowest = max(0, at - Int(UInt16.max))
    while at >= lowest, try number(UInt32.self, at: at) != Self.directoryEnd { at -= 1 }
    guard at >= lowest else {
      throw .truncated(
        file: file.path, part: "the archive, whose directory stands at its end", needed: UInt64(file.count) + 22,
        got: UInt64(file.count))
    }
    let count = Int(try number(UInt16.self, at: at + 10))
    let size = try number(UInt32.self, at: at + 12)
    let offset = try number(UInt32.self, at: at + 16)
    guard at >= 20, try number(UInt32.self, at: at - 20) == Self.wideLocator else {
      return (Int(offset), Int(size), count)
    }
    let wide = try self.size(number(UInt64.self, at: at - 12))
    guard try number(UInt32.self, at: wide) == Self.wideDirectoryEnd else {
      throw malformed("its end points to no directory")
    }
    guard wide <= file.count - 56 else { throw malformed("its end points beyond the file") }
    return (
      try self.size(number(UInt64.self, at: wide + 48)), try self.size(number(UInt64.self, at: wide + 40)),
      try self.size(number(UInt64.self, at: wide + 32))
    )
  }

  /// One line of the directory.
  private func member(at: Int, limit: Int) throws(CheckpointError) -> (name: String, range: Range<Int>, next: Int) {
    guard at <= limit - 46, try number(UInt32.self, at: at) == Self.directoryHeader else {
      throw malformed("an entry is expected at byte \(at)")
    }
    let flags = try number(UInt16.self, at: at + 8)
    let method = try number(UInt16.self, at: at + 10)
    let nameLength = Int(try number(UInt16.self, at: at + 28))
    let extraLength = Int(try number(UInt16.self, at: at + 30))
    let commentLength = Int(try number(UInt16.self, at: at + 32))
    let next = at + 46 + nameLength + extraLength + commentLength
    guard next <= limit else { throw malformed("an entry at byte \(at) is longer than the directory") }
    let bytes = file.bytes[at + 46..<at + 46 + nameLength]
    guard let name = String(validating: bytes, as: UTF8.self) else { throw malformed("a name is not valid UTF-8") }
    guard flags & 1 == 0 else { throw unsupported("the encrypted member '\(name)'") }
    guard method == 0 else {
      throw unsupported("the member '\(name)', compressed by \(method == 8 ? "deflate" : "method \(method)"),")
    }
    var stored = UInt64(try number(UInt32.self, at: at + 20))
    var whole = UInt64(try number(UInt32.self, at: at + 24))
    var offset = UInt64(try number(UInt32.self, at: at + 42))
    try widen(&whole, &stored, &offset, at: at + 46 + nameLength, length: extraLength)
    guard stored == whole else { throw malformed("the sizes of '\(name)' differ though it is not compressed") }
    return (name, try data(of: name, header: size(offset), size: size(stored)), next)
  }

  /// Replaces sizes that did not fit 32 bits by those of the ZIP64 field, which has them in this order.
  private func widen(
    _ whole: inout UInt64, _ stored: inout UInt64, _ offset: inout UInt64, at: Int, length: Int
  ) throws(CheckpointError) {
    var field = at
    while field + 4 <= at + length {
      let identifier = try number(UInt16.self, at: field)
      let end = field + 4 + Int(try number(UInt16.self, at: field + 2))
      guard end <= at + length else { throw malformed("an extra field is longer than its entry") }
      if identifier == 1 {
        var place = field + 4
        func next(_ value: UInt64) throws(CheckpointError) -> UInt64 {
          guard value == UInt32.max else { return value }
          guard place + 8 <= end else { throw malformed("a ZIP64 field is too short") }
          defer { place += 8 }
          return try number(UInt64.self, at: place)
        }
        whole = try next(whole)
        stored = try next(stored)
        offset = try next(offset)
      }
      field = end
    }
  }

  /// The bytes behind a member's local header.
  private func data(of name: String, header: Int, size: Int) throws(CheckpointError) -> Range<Int> {
    guard header <= file.count - 30, try number(UInt32.self, at: header) == Self.localHeader else {
      throw malformed("the member '\(name)' is not where the directory says")
    }
    let begin =
      header + 30 + Int(try number(UInt16.self, at: header + 26)) + Int(try number(UInt16.self, at: header + 28))
    guard begin <= file.count, size <= file.count - begin else {
      throw .truncated(
        file: file.path, part: "the member '\(name)'", needed: UInt64(size), got: UInt64(max(0, file.count - begin)))
    }
    return begin..<begin + size
  }

  private func unsupported(_ what: String) -> CheckpointError {
    .unsupported(
      file: file.path, what: what, remedy: "save the file again with torch.save, which stores members as they are")
  }
}
