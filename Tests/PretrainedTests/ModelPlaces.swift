import Foundation

/// Where the models lie that some tests want; those tests are left out, with the reason, where there is none.
enum ModelPlaces {
  /// SmolLM2 as GGUF: `REFT_TEST_MODEL`.
  static let smolLM2 = existing(ProcessInfo.processInfo.environment["REFT_TEST_MODEL"])

  /// stories260K in Hugging Face layout: `REFT_TEST_STORIES`, or `../shared/models/stories260K/hf` seen from the checkout.
  static let stories: String? = {
    let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return existing(ProcessInfo.processInfo.environment["REFT_TEST_STORIES"])
      ?? existing(checkout.appending(path: "../shared/models/stories260K/hf").standardized.path)
  }()

  private static func existing(_ path: String?) -> String? {
    path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
  }
}

/// A folder of its own for one test, removed afterwards.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "pretrained-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
  }
}
