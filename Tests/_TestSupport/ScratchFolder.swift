import Foundation

/// A folder of its own for one test, removed afterwards.
public final class ScratchFolder {
  public let path: String

  public init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "reft-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a name in the folder.
  public func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// The names in the folder, temporary ones included.
  public var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }

  /// Replaces the bytes of a file by what `change` makes of them; a new file begins with none.
  public func change(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = [UInt8]((try? Data(contentsOf: URL(filePath: self(name)))) ?? Data())
    change(&bytes)
    try Data(bytes).write(to: URL(filePath: self(name)))
  }

  public func write(_ name: String, _ text: String) throws { try change(name) { $0 = Array(text.utf8) } }
}
