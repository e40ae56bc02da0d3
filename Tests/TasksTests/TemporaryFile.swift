import Foundation

/// A file of these bytes that is removed after the body; the body gets its path.
@discardableResult
func withFile<R>(_ bytes: [UInt8], named name: String = "data.jsonl", _ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tasks-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = folder.appendingPathComponent(name)
  try Data(bytes).write(to: file)
  return try body(file.path)
}

@discardableResult
func withFile<R>(_ text: String, named name: String = "data.jsonl", _ body: (String) throws -> R) throws -> R {
  try withFile(Array(text.utf8), named: name, body)
}
