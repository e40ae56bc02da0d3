#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif
import Foundation
import Tensors

/// What the machine has left, in bytes; `nil` where it does not say.
enum FreeRoom {
  /// Memory that can be taken without others being swapped out, within the limit of the control group.
  static var memory: Int? {
    #if os(Linux)
      let bounds = [available, groupLimit].compactMap { $0 }
      return bounds.min()
    #else
      // The system lends all that others do not use; half of what there is stays on the safe side.
      return Int(ProcessInfo.processInfo.physicalMemory / 2)
    #endif
  }

  /// Memory where tensors of a device lie.
  static func memory(of device: Device) -> Int? {
    device == .cpu ? memory : (try? device.memory())?.free
  }

  /// The disk of a folder, which need not be there yet.
  static func disk(of folder: String) -> Int? {
    var url = URL(fileURLWithPath: folder).standardizedFileURL
    while !FileManager.default.fileExists(atPath: url.path), url.pathComponents.count > 1 {
      url.deleteLastPathComponent()
    }
    let facts = try? FileManager.default.attributesOfFileSystem(forPath: url.path)
    return (facts?[.systemFreeSize] as? NSNumber)?.intValue
  }

  #if os(Linux)
    /// `MemAvailable` of /proc/meminfo, which is in kB.
    private static var available: Int? {
      let line = text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
      return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    /// What control groups (version 2, then 1) leave to this one.
    private static var groupLimit: Int? {
      func number(_ path: String) -> Int? {
        text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      }
      let root = "/sys/fs/cgroup/"
      for (limit, usage) in [
        ("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
      ] {
        if let limit = number(root + limit), let usage = number(root + usage) { return max(0, limit - usage) }
      }
      return nil
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
  #endif
}
