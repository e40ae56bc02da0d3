#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Float memory that a tensor keeps alive, aligned for the engine's vector kernels.
///
/// Large memory lies on huge pages where the system has them: first touching 538 MB of small pages costs as much time as
/// decoding a model into them.
final class FloatStorage {
  let buffer: UnsafeMutableBufferPointer<Float>

  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let isLarge = bytes >= 2 * Self.hugePage
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? Self.hugePage : 64)
    #if os(Linux)
      // Advice only: should it fail, small pages serve.
      if isLarge { _ = madvise(raw, bytes / Self.hugePage * Self.hugePage, MADV_HUGEPAGE) }
    #endif
    buffer = UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
  }

  deinit { UnsafeMutableRawPointer(buffer.baseAddress.unsafelyUnwrapped).deallocate() }

  private static let hugePage = 2 << 20

  /// Tells the system that a part of the memory is not needed any more; its content is lost.
  ///
  /// Pages that the part shares with its neighbours are left alone.
  func giveBack(_ part: UnsafeMutableBufferPointer<Float>) {
    #if os(Linux)
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      guard page > 0, let start = part.baseAddress else { return }
      let address = Int(bitPattern: start)
      let begin = (address + page - 1) / page * page
      let end = (address + part.count * MemoryLayout<Float>.stride) / page * page
      guard begin < end, let pages = UnsafeMutableRawPointer(bitPattern: begin) else { return }
      // Advice only: should it fail, memory is used longer and nothing else happens.
      _ = madvise(pages, end - begin, MADV_DONTNEED)
    #endif
  }
}
