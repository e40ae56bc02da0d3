public import JSON
import LanguageModels
public import Tensors

/// Prompt tuning: n learned rows of the embedding before the text.
///
/// `E [n, d]` goes through all layers like the embeddings of n tokens, and what acts at every position acts on them too. They see
/// nothing of the text, so a batch computes them once, however many sequences begin with them.
/// In a recipe `start_text` is a text whose tokens they begin as.
///
/// Source: arXiv 2104.08691, section 2; peft `PromptEmbedding`. An encoder's tokens would be seen by the prompt's rows as well, so
/// encoders are refused.
/// Deviation: the rows begin as embeddings of random tokens of the vocabulary, where peft's default is normal noise, from which
/// models of today hardly learn (methods compared in peft's own benchmark: 5.7 against 34.3 % on MetaMathQA).
public final class PromptTuning: Prepending {
  /// What the rows are at first.
  public enum Start: String, Sendable, CaseIterable {
    /// Embeddings of random tokens.
    case vocabulary
    /// Embeddings of the tokens of a text, repeated or cut to n.
    case text
    /// Normal noise of deviation 1.
    case random
  }

  /// The settings of prompt tuning.
  public struct Configuration: MethodConfiguration {
    /// n; 20, where the paper's curves flatten.
    public var tokens: Int
    /// What the rows are at first.
    public var start: Start
    /// Token ids of the text that ``Start/text`` begins with.
    public var startTokens: [Int]

    /// Settings that are not checked; ``init(_:)`` refuses what does not fit together.
    public init(tokens: Int = 20, start: Start = .vocabulary, startTokens: [Int] = []) {
      self.tokens = tokens
      self.start = start
      self.startTokens = startTokens
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["tokens", "start", "start_tokens"])
      let ids = try json.array(ifPresent: "start_tokens") ?? []
      startTokens = ids.compactMap(\.int)
      guard startTokens.count == ids.count else {
        throw Self.error("start_tokens", "whole numbers", JSONValue.array(ids).text)
      }
      start = try json.choice("start", default: startTokens.isEmpty ? .vocabulary : .text)
      tokens = try json.int(ifPresent: "tokens") ?? (startTokens.isEmpty ? 20 : startTokens.count)
      guard tokens > 0 else { throw Self.error("tokens", "above zero", "\(tokens)") }
      guard (start == .text) != startTokens.isEmpty else {
        throw Self.error(
          "start_tokens", start == .text ? "the token ids of a text" : "none: 'start' is \(start.rawValue)",
          "\(startTokens)")
      }
    }

    public var json: JSONObject {
      [
        "tokens": .integer(tokens), "start": .string(start.rawValue),
        "start_tokens": .array(startTokens.map(JSONValue.integer)),
      ]
    }

    fileprivate static func error(_ key: String, _ expected: String, _ got: String) -> AdapterError {
      .setting(key: key, expected: expected, got: got, method: PromptTuning.method)
    }
  }

  public static let method = "prompt_tuning"
  public static let summary = "learned rows of the embedding before the text"
  public static let reference = "prompt tuning, arXiv 2104.08691"
  public static let defaultLocations = "0.block_input"
  public static let whyNotFoldable = "what it puts before the text is no weight"

  private let rows: Tensor  // E [n, d]

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try Self.check(target)
    let n = configuration.tokens
    func embedded(_ ids: [Int]) throws -> Tensor {
      guard let table = target.embedding else {
        throw Configuration.error("start", "random: there is no vocabulary here", configuration.start.rawValue)
      }
      if let wrong = ids.first(where: { !(0..<table.outputs).contains($0) }) {
        throw Configuration.error("start_tokens", "ids below \(table.outputs)", "\(wrong)")
      }
      return try table.rows((0..<n).map { Int64(ids[$0 % ids.count]) }).converted(to: .float32).cloned()
    }
    switch configuration.start {
    case .random: rows = try random.normal([n, target.width])
    case .vocabulary:
      let places = try random.uniform([n], in: 0..<Double(target.shape.vocabulary)).values(as: Double.self)
      rows = try embedded(places.map { Int($0) })
    case .text: rows = try embedded(configuration.startTokens)
    }
    try rows.setRequiresGradient(true)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try Self.check(target)
    rows = try tensors.take("rows", [configuration.tokens, target.width])
    try rows.setRequiresGradient(true)
  }

  private static func check(_ target: Target) throws {
    guard target.site == Site(layer: 0, component: .blockInput), target.peers.count == 1 else {
      throw AdapterError.site(
        method: method, component: target.site.description,
        expected: "0.block_input, where the layers begin, and nowhere else")
    }
    guard target.isCausal else {
      throw AdapterError.site(
        method: method, component: "an encoder",
        expected: "decoders, whose prompt does not depend on the text behind it")
    }
  }

  public var parameters: [NamedTensor] { [NamedTensor("rows", rows)] }

  public func rows(_ mode: EditMode) throws(TensorError) -> Tensor { rows }
}
