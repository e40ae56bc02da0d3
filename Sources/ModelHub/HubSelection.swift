import Diagnostics
import JSON

/// What somebody wants of a model.
public struct HubNeeds: OptionSet, Sendable {
  /// One bit for each part.
  public let rawValue: Int
  /// A set of parts by its bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// config.json and the weights.
  public static let weights = HubNeeds(rawValue: 1)
  /// tokenizer.json.
  public static let tokenizer = HubNeeds(rawValue: 2)
  /// Both.
  public static let all: HubNeeds = [.weights, .tokenizer]
}

/// Chooses the files of a repository that are read here, before anything is downloaded.
struct HubSelection {
  static let configuration = "config.json"
  static let tokenizer = "tokenizer.json"
  static let weights = "model.safetensors"
  static let index = "model.safetensors.index.json"
  /// Whatever is there of these is fetched.
  private static let small = [
    configuration, "generation_config.json", tokenizer, "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja", "modules.json", "sentence_bert_config.json",
  ]
  /// The folder of sentence-transformers' pooling begins with its number.
  private static func isPooling(_ file: String) -> Bool {
    let parts = file.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0].hasSuffix("_Pooling") && parts[1] == configuration && HubModel.isFilePath(file)
  }

  /// The files to fetch first.
  let files: [String]
  /// Whether the index is one of them, and names what else to fetch.
  let isSharded: Bool

  init(_ model: HubModel, files all: [String], needs: HubNeeds) throws(HubError) {
    let there = Set(all)
    let ggufs = all.filter { $0.hasSuffix(".gguf") }.sorted()
    if let file = model.file {
      guard there.contains(file) else {
        throw .noFile(
          file: file, model: model.description, nearest: NearestName.closest(to: file, in: ggufs), choices: ggufs)
      }
      (files, isSharded) = ([file], false)
      return
    }
    isSharded = needs.contains(.weights) && there.contains(Self.index)
    if needs.contains(.weights) {
      let missing = [Self.configuration, Self.weights].filter { !there.contains($0) }
      guard missing.isEmpty || isSharded && missing == [Self.weights] else {
        throw .noModel(model: model.id, found: Self.summary(all, missing: missing), ggufs: ggufs)
      }
    }
    guard !needs.contains(.tokenizer) || there.contains(Self.tokenizer) else {
      throw .noTokenizer(model: model.description)
    }
    let large = !needs.contains(.weights) ? [] : isSharded ? [Self.index] : [Self.weights]
    files = Self.small.filter(there.contains) + all.filter(Self.isPooling).sorted() + large
  }

  /// What a repository without a model holds, in a few words.
  private static func summary(_ files: [String], missing: [String]) -> String {
    let kinds = [
      (".gguf", "GGUF files"), (".bin", "pickled weights"), (".pt", "pickled weights"), (".pth", "pickled weights"),
    ]
    var found: [String] = []
    for (ending, kind) in kinds where files.contains(where: { $0.hasSuffix(ending) }) && !found.contains(kind) {
      found.append(kind)
    }
    if !found.isEmpty { return found.joined(separator: " and ") + " only" }
    return files.isEmpty ? "an empty repository" : "no \(missing.joined(separator: " and no "))"
  }

  /// The files that an index of shards names.
  ///
  /// - Parameter path: where the index lies.
  static func shards(index path: String) throws(HubError) -> [String] {
    let text = try FilePlace.text(of: path)
    do throws(JSONError) {
      let map = try JSONReader(try JSONValue(parsing: text, source: path), source: path).reader("weight_map")
      return try Set(map.object.keys.map { key throws(JSONError) in try map.string(key) }).sorted()
    } catch {
      throw .json(error)
    }
  }
}
