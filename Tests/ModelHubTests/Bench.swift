import Diagnostics
import Foundation
import Testing
import _HubTestSupport

@testable import ModelHub

/// A Hub that knows a few models, an empty cache, and short patience.
final class Bench {
  let server: FakeHub
  let folder: String
  var settings: HubSettings

  static let small: [String: FakeHub.File] = [
    "config.json": .init(#"{"model_type": "llama"}"#), "tokenizer.json": .init(#"{"version": "1.0"}"#),
    "tokenizer_config.json": .init("{}"), "README.md": .init("# tiny"), "pytorch_model.bin": .init("pickle"),
  ]
  static let weights = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

  init(environment: [String: String] = [:]) throws {
    server = try FakeHub()
    folder = FileManager.default.temporaryDirectory.path + "/hub-\(UUID().uuidString)"
    let all = ["HF_ENDPOINT": server.endpoint, "HF_HOME": folder, "HOME": folder].merging(environment) { $1 }
    settings = try HubSettings(
      environment: all, retries: HubRetries(attempts: 3, firstWait: 0.01, longestWait: 1, stall: 2))
    server.add(
      "org/tiny", Self.small.merging(["model.safetensors": .init(Self.weights, isLarge: true)]) { $1 })
    server.add(
      "org/sharded",
      Self.small.merging([
        "model.safetensors.index.json": .init(
          #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}"#),
        "model-1.safetensors": .init(Array(Self.weights.prefix(1000)), isLarge: true),
        "model-2.safetensors": .init(Array(Self.weights.prefix(2000)), isLarge: true),
        "model-3.safetensors": .init(Array(Self.weights.prefix(3000)), isLarge: true),
      ]) { $1 })
    server.add(
      "org/ggufs",
      [
        "README.md": .init("#"), "tiny-Q4_K_M.gguf": .init(Array(Self.weights.prefix(500)), isLarge: true),
        "more/tiny-F16.gguf": .init(Array(Self.weights.prefix(900)), isLarge: true),
      ])
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var hub: Hub { Hub(settings) }

  func path(_ name: String, _ needs: HubNeeds = .all, progress: @escaping (HubProgress) -> Void = { _ in }) throws
    -> String
  {
    try hub.path(of: try #require(HubModel(name)), needs: needs, progress: progress)
  }

  /// The error of a download, which must leave no snapshot and no reference.
  @discardableResult
  func error(
    _ name: String, _ needs: HubNeeds = .all, saying words: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> HubError {
    let error = try #require(throws: HubError.self, sourceLocation: sourceLocation) { try path(name, needs) }
    for word in words {
      #expect(error.description.contains(word), "\(word) in: \(error)", sourceLocation: sourceLocation)
    }
    #expect(!contents.contains { $0.contains("/snapshots/") || $0.contains("/refs/") }, sourceLocation: sourceLocation)
    return error
  }

  /// The paths of all files and links in the cache, locks aside.
  var contents: [String] {
    let walk = FileManager.default.enumerator(atPath: folder + "/hub")
    let all = (walk?.compactMap { $0 as? String } ?? []).filter { !$0.hasPrefix(".locks") }
    return all.filter { path in
      var info = stat()
      return lstat(folder + "/hub/" + path, &info) == 0 && info.st_mode & S_IFMT != S_IFDIR
    }.sorted()
  }

  func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// The partial files of a cache, by name, with their sizes.
  var partials: [Int] {
    contents.filter { $0.hasSuffix(".incomplete") }.compactMap { FilePlace.fileSize(folder + "/hub/" + $0) }
  }

  /// `GET` and `HEAD` with their paths, in order.
  var asked: [String] { server.requests.map { "\($0.method) \($0.path)" } }
}
