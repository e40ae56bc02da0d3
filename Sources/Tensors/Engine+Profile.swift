import CTorchShim

/// What an operation of the engine took in a profile.
public struct OperationProfile: Sendable, Equatable {
  /// The engine's name for it (`aten::mm`), the shim's function, or the backward of one.
  public let name: String
  /// How often it was called.
  public let calls: Int
  /// Wall time on the calling thread, without that of the operations within it.
  public let seconds: Double
  /// Multiplications and additions of matrix products and attention; 0 for everything else.
  public let operations: Double
  /// Bytes of the tensors that it read and wrote, as far as they are known; views count as what they show.
  public let bytes: Double
}

extension Engine {
  /// Does some work and tells where the time of this thread went, the costliest operation first.
  ///
  /// To observe costs a microsecond an operation; the whole is to be timed without it.
  public static func profile(_ work: () throws -> Void) throws -> [OperationProfile] {
    guard reft_profile_begin() == REFT_OK else { throw failure("profile", []) }
    do {
      try work()
    } catch {
      _ = reft_profile_end()
      throw error
    }
    return String(cString: reft_profile_end()).split(separator: "\n").compactMap { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 5, let calls = Int(fields[1]), let nanoseconds = Double(fields[2]),
        let operations = Double(fields[3]), let bytes = Double(fields[4])
      else { return nil }
      return OperationProfile(
        name: fields[0], calls: calls, seconds: nanoseconds / 1e9, operations: operations, bytes: bytes)
    }.sorted { $0.seconds > $1.seconds }
  }
}
