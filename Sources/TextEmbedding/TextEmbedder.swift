import Diagnostics
public import LanguageModels
public import Pretrained
public import Tensors
public import TextGeneration
import Tokenization

/// Turns texts into vectors: hidden states, pooled, of length one where the model asks for it.
///
/// Source: Sentence-BERT, arXiv 1908.10084; the numbers are those of sentence-transformers. Texts are packed without padding.
public struct TextEmbedder {
  private let model: PretrainedModel
  private let settings: EmbeddingSettings
  private let limits: BatchLimits

  /// An embedder of one model; the edits come with each call.
  public init(_ model: PretrainedModel, _ settings: EmbeddingSettings, limits: BatchLimits = BatchLimits()) {
    self.model = model
    self.settings = settings
    self.limits = limits
  }

  /// Embeds texts.
  ///
  /// - Parameters:
  ///   - places: what errors call the texts; `text 1` and so on without.
  ///   - edits: asked for the tap of every forward pass.
  ///   - progress: called with the number of texts done so far.
  /// - Returns: one vector of d numbers for each text, in their order.
  /// - Throws: every problem of the texts at once, before anything is computed.
  public func embeddings(
    of texts: [String], places: [String]? = nil, edits: Edits = noEdits, progress: (Int) throws -> Void = { _ in }
  ) throws -> [[Float]] {
    func place(_ index: Int) -> String { places?[index] ?? "text \(index + 1)" }
    var problems: [EmbeddingError] = []
    var sequences: [[Int32]] = []
    for (i, text) in texts.enumerated() {
      let encoding = model.tokenizer.encode(text)
      var ids = encoding.ids
      if ids.isEmpty { problems.append(.emptyText(place: place(i))) }
      let vocabulary = model.model.shape.vocabulary
      if let id = ids.first(where: { Int($0) >= vocabulary }) {
        problems.append(.unknownToken(id: Int(id), vocabulary: vocabulary, place: place(i)))
      }
      if ids.count > settings.maximumTokens {
        if settings.truncates {
          // What the tokenizer puts behind every text stays behind it.
          let tail = min(encoding.offsets.reversed().prefix { $0.isEmpty }.count, settings.maximumTokens - 1)
          ids = ids.prefix(settings.maximumTokens - tail) + ids.suffix(tail)
        } else {
          problems.append(.tooLong(place: place(i), tokens: ids.count, limit: settings.maximumTokens))
        }
      }
      sequences.append(ids)
    }
    if let group = DiagnosticGroup(problems) { throw group }

    var vectors = [[Float]](repeating: [], count: texts.count)
    var done = 0
    let lengths = sequences.map(\.count)
    for indices in limits.batches(lengths: lengths, of: BatchLimits.longestFirst(lengths)) {
      let found = try withoutGradients { try self.vectors(of: indices.map { sequences[$0] }, edits) }
      for (index, vector) in zip(indices, found) {
        guard vector.allSatisfy(\.isFinite) else { throw EmbeddingError.notFinite(place: place(index)) }
        vectors[index] = vector
      }
      done += indices.count
      try progress(done)
    }
    return vectors
  }

  /// The vectors of one packed batch.
  private func vectors(of sequences: [[Int32]], _ edits: Edits) throws(TensorError) -> [[Float]] {
    let batch = TokenBatch(prompts: sequences)
    let hidden = try model.model.hidden(batch, cache: nil, tap: edits(batch)).widened()
    var vectors: [[Float]] = []
    for rows in batch.rows {
      var vector = try settings.pooling(hidden, rows)
      if settings.normalizes { vector = try vector / vector.norm() }
      vectors.append(try vector.values(as: Float.self))
    }
    return vectors
  }
}
