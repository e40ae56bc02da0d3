public import Interventions
public import LanguageModels
public import Tensors

extension LanguageModel {
  /// Mean cross entropy of all response tokens under an adapter, stated plainly.
  public func responseLoss(
    _ sequences: [TokenBatch.Sequence], _ adapter: Adapter, _ mode: EditMode = .inference
  ) throws -> Tensor {
    let batch = TokenBatch(sequences)
    let logits = try logits(hidden(batch, cache: nil, tap: adapter.tap(for: batch, mode: mode)))
    var rows: [Int64] = []
    var labels: [Int64] = []
    for (sequence, packed) in zip(sequences, batch.rows) {
      for label in sequence.promptLength..<sequence.tokens.count {
        rows.append(Int64(packed.lowerBound + label - 1))
        labels.append(Int64(sequence.tokens[label]))
      }
    }
    return try logits.selected(Tensor(rows)).crossEntropy(Tensor(labels)).sum() / Double(labels.count)
  }

  /// The logits of one row alone, without a graph; of the model itself without an adapter.
  public func rowLogits(
    _ sequence: TokenBatch.Sequence, _ adapter: Adapter?, _ mode: EditMode = .inference
  ) throws -> Tensor {
    let batch = TokenBatch([sequence])
    let tap = try adapter?.tap(for: batch, mode: mode) ?? .none
    return try withoutGradients { () throws(TensorError) in try logits(hidden(batch, cache: nil, tap: tap)) }
  }
}
