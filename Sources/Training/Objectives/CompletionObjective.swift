public import Interventions
public import LanguageModels
public import Tensors

/// Cross entropy of the response tokens.
///
/// Only the rows that predict a response token reach the vocabulary projection, a chunk at a time, whose scores are never kept;
/// the last token of a sequence is a label and nothing else, so it is not computed. A beginning that examples have in common is
/// computed once.
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
    let layout = try Layout(examples, of: self, mode)
    var rows: [Int] = []
    var labels: [Int32] = []
    for (i, example) in examples.enumerated() {
      for label in example.firstLabel..<example.tokens.count {
        rows.append(layout.row(i, label - 1))
        labels.append(example.tokens[label])
      }
    }
    // Examples may share a row and go on differently behind it.
    let asked = Set(rows).sorted()
    let batch = TokenBatch(layout.batch.sequences, asking: asked)
    var hidden = try model.hidden(batch, of: layout.texts, from: trunk, tap: layout.tap)
    if asked != rows {
      let places = Dictionary(uniqueKeysWithValues: zip(asked, 0...))
      hidden = try hidden.selected(Tensor(rows.compactMap { places[$0].map(Int64.init) }, on: model.device))
    }
    return try model.lossSum(hidden, labels: labels)
  }

  /// The batch of some examples and its tap, and where the tokens of each example are.
  private struct Layout {
    let batch: TokenBatch
    let tap: Tap
    /// The whole text that each sequence is a part of.
    let texts: [TokenBatch.Sequence]
    /// The row of a position of an example.
    let row: (_ example: Int, _ position: Int) -> Int

    /// What the examples have in common is computed once where no edit would see a difference.
    init(
      _ examples: [TrainingExample], of objective: CompletionObjective, _ mode: EditMode
    ) throws(TensorError) {
      let whole = examples.flatMap(objective.sequences)
      if let (shared, batch, tap) = try objective.shared(whole, examples, mode) {
        (self.batch, self.tap, texts) = (batch, tap, shared.owners.map { whole[$0] })
        row = { shared.row(of: $0, at: $1) }
        return
      }
      let (batch, tap) = try objective.adapters.tapped(whole, of: examples, mode: mode)
      (self.batch, self.tap, texts) = (batch, tap, whole)
      row = { batch.rows[$0].lowerBound + $1 }
    }
  }

  private func shared(
    _ whole: [TokenBatch.Sequence], _ examples: [TrainingExample], _ mode: EditMode
  ) throws(TensorError) -> (SharedBeginnings, TokenBatch, Tap)? {
    guard model.takesBranches, examples.count > 1 else { return nil }
    let treatments = try withoutGradients { () throws(TensorError) in
      let (batch, tap) = try adapters.tapped(whole, of: examples, mode: .inference)
      return tap.treatments(of: batch)
    }
    guard let shared = SharedBeginnings(whole, treatments: treatments) else { return nil }
    let (batch, tap) = try adapters.tapped(shared.sequences, of: shared.owners.map { examples[$0] }, mode: mode)
    return tap.isRowwise ? (shared, batch, tap) : nil
  }
}
