#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// A content on its way into the cache: written piece by piece beside its place, hashed on the way, moved when it is right.
///
/// What a broken connection leaves is kept under the name that huggingface_hub gives it, and taken up by the next attempt.
final class BlobDownload: HTTPBody {
  private let file: HubFile
  private let model: HubModel
  private let place: String
  private let partial: String
  private let descriptor: Int32
  private let progress: (Int) -> Void
  private var digest: ContentDigest
  private(set) var offset = 0
  /// Whether some bytes are from an earlier run.
  private(set) var isResumed = false

  /// - Parameter progress: called with the bytes of each piece that comes.
  init(
    _ file: HubFile, of model: HubModel, to place: String, progress: @escaping (Int) -> Void
  ) throws(HubError) {
    self.file = file
    self.model = model
    self.place = place
    self.progress = progress
    partial = place + ".incomplete"
    digest = file.hash.digest(size: file.size)
    try FilePlace.makeFolder(FilePlace.parent(of: place))
    descriptor = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .file(path: partial, operation: "opening") }
    do throws(HubError) {
      try takeUp()
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Hashes what an earlier run left.
  private func takeUp() throws(HubError) {
    let size = FilePlace.fileSize(partial) ?? 0
    guard size <= file.size else { return try startAnew() }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(descriptor, &piece, piece.count)
      guard count >= 0 else { throw .file(path: partial, operation: "reading") }
      if count == 0 { break }
      piece.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
      offset += count
    }
    isResumed = offset > 0
  }

  private func startAnew() throws(HubError) {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw .file(path: partial, operation: "emptying")
    }
    offset = 0
    isResumed = false
    digest = file.hash.digest(size: file.size)
  }

  var isComplete: Bool { offset == file.size }

  func begin(_ response: HTTPResponse) throws(HubError) -> Bool {
    switch response.status {
    case 206:
      // `bytes 1000-1999/2000`
      let start = response["Content-Range"]?.split(separator: " ").last?.prefix { $0 != "-" }
      if start == "\(offset)" { return true }
      throw .answer(address: file.path, problem: "asked for bytes from \(offset) on, got those from \(start ?? "?")")
    case 200:
      // A server that does not know ranges sends all of it.
      if offset > 0 { try startAnew() }
      return true
    case 416:
      try startAnew()
      return false
    default: return false
    }
  }

  func take(_ bytes: UnsafeRawBufferPointer) throws(HubError) {
    guard bytes.count <= file.size - offset else {
      unlink(partial)
      throw .tooLong(file: file.path, model: model.description, expected: file.size)
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .file(path: partial, operation: "writing") }
      rest = rest.dropFirst(count)
    }
    digest.update(bytes)
    offset += bytes.count
    progress(bytes.count)
  }

  /// Checks the hash and moves the file to its place; what is wrong is deleted.
  func finish() throws(HubError) {
    let got = digest.finished()
    guard got == file.hash.name else {
      unlink(partial)
      throw .wrongHash(file: file.path, model: model.description, expected: file.hash.name, got: got)
    }
    guard fsync(descriptor) == 0 else { throw .file(path: partial, operation: "writing to the device") }
    guard rename(partial, place) == 0 else { throw .file(path: place, operation: "renaming") }
  }
}
