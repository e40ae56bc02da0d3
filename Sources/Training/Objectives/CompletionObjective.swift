public import Interventions
public import LanguageModels
public import Tensors

/// Cross entropy of the response tokens.
///
/// Only the rows that predict a response token reach the vocabulary projection, a chunk at a time, so that logits of whole
/// sequences never exist; the last token of a sequence is a label and nothing else, so it is not computed.
public struct CompletionObjective: Objective {
  private let model: any LanguageModel
  private let adapters: TrainedAdapters
  public let trunk: Trunk?

  /// Rows that are projected at once; 512 x 49,152 floats are 100 MB.
  private static let chunk = 512

  /// The objective of one adapter on one model, with others beneath it.
  public init(model: any LanguageModel, adapters: TrainedAdapters) {
    self.model = model
    self.adapters = adapters
    trunk = Trunk(of: model, adapters)
  }

  /// The objective of one adapter on one model.
  public init(model: any LanguageModel, adapter: Adapter) {
    self.init(model: model, adapters: TrainedAdapters(adapter))
  }

  public func terms(of example: TrainingExample) -> Int { example.labelCount }

  public func sequences(of example: TrainingExample) -> [TokenBatch.Sequence] {
    [.init(tokens: Array(example.tokens.dropLast()), promptLength: example.promptLength)]
  }

  /// The sum of `-log p(token)` over the response tokens of all examples, a scalar.
  public func lossSum(_ examples: [TrainingExample], mode: EditMode) throws(TensorError) -> Tensor {
    let (batch, tap) = try adapters.tapped(
      examples.flatMap(sequences), of: examples, mode: mode)
    let hidden = try model.hidden(batch, from: trunk, tap: tap)
    var rows: [Int64] = []
    var labels: [Int64] = []
    for (example, packed) in zip(examples, batch.rows) {
      for label in example.firstLabel..<example.tokens.count {
        rows.append(Int64(packed.lowerBound + label - 1))
        labels.append(Int64(example.tokens[label]))
      }
    }
    var sums: [Tensor] = []
    for start in stride(from: 0, to: rows.count, by: Self.chunk) {
      let part = start..<min(start + Self.chunk, rows.count)
      let needed = try hidden.selected(Tensor(Array(rows[part]), on: model.device))
      let logits = try model.logits(needed)
      sums.append(try logits.crossEntropy(Tensor(Array(labels[part]), on: model.device)).sum().reshaped([1]))
    }
    return try Tensor.concatenated(sums, along: 0).sum()
  }
}
