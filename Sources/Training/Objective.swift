public import Interventions
public import LanguageModels
public import Tensors

/// Cross entropy of the response tokens.
///
/// Only the rows that predict a response token reach the vocabulary projection, a chunk at a time, so that logits of whole
/// sequences never exist; the last token of a sequence is a label and nothing else, so it is not computed.
public struct Objective {
  private let model: any LanguageModel
  private let adapter: Adapter

  /// Rows that are projected at once; 512 x 49,152 floats are 100 MB.
  private static let chunk = 512

  /// The objective of one adapter on one model.
  public init(model: any LanguageModel, adapter: Adapter) {
    self.model = model
    self.adapter = adapter
  }

  /// The sum of `-log p(token)` over the response tokens of all examples, a scalar.
  public func lossSum(_ examples: [TrainingExample], mode: EditMode) throws(TensorError) -> Tensor {
    let batch = TokenBatch(
      examples.map { .init(tokens: Array($0.tokens.dropLast()), promptLength: $0.promptLength) })
    let tap = try adapter.tap(for: batch, mode: mode)
    let hidden = try model.hidden(batch, cache: nil, tap: tap)
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

  /// `sum |p|` over all trainable entries: LoFiT's sparsity term.
  public func absoluteSum() throws(TensorError) -> Tensor? {
    var total: Tensor?
    for parameter in adapter.parameters {
      let sum = try parameter.tensor.abs().sum()
      total = if let total { try total + sum } else { sum }
    }
    return total
  }
}
