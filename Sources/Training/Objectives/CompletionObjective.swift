public import Interventions
public import LanguageModels
public import Tensors

/// Cross entropy of the response tokens.
///
/// Only the rows that predict a response token reach the vocabulary projection, a chunk at a time, whose scores are never kept;
/// the last token of a sequence is a label and nothing else, so it is not computed.
public struct CompletionObjective: Objective {
  private let model: any LanguageModel
  private let adapters: TrainedAdapters
  public let trunk: Trunk?

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
    let sequences = examples.flatMap(sequences)
    var rows: [Int] = []
    var labels: [Int32] = []
    for (example, packed) in zip(examples, TokenBatch(sequences).rows) {
      for label in example.firstLabel..<example.tokens.count {
        rows.append(packed.lowerBound + label - 1)
        labels.append(example.tokens[label])
      }
    }
    let (batch, tap) = try adapters.tapped(sequences, of: examples, asking: rows, mode: mode)
    let hidden = try model.hidden(batch, from: trunk, tap: tap)
    return try model.lossSum(hidden, labels: labels)
  }
}
