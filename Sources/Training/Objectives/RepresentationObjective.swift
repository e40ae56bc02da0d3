public import Interventions
public import LanguageModels
public import Tensors

/// Low-rank representation adaptation: the hidden states of a text become what a contrast of two prompts says (LoRRA).
///
///     L = mean over layers and response tokens of | h_adapted(x) - (h(x) + alpha (h(x+) - h(x-))) |_2
///
/// `h` are block outputs of the model without the adapter, at the same response behind three prompts: x, x+ and x-. Any method that
/// is trained can be the adapter; the paper has LoRA on queries and values.
///
/// Source: arXiv 2310.01405, section 3.2.2 and algorithm 1; andyzoujm/representation-engineering `lorra_finetune`, with beta 0.
public struct RepresentationObjective: Objective {
  private let model: any LanguageModel
  private let adapters: TrainedAdapters
  private let layers: [Int]
  private let alpha: Double
  private let tokens: Int
  public let trunk: Trunk?

  /// The objective of one adapter.
  ///
  /// - Parameters:
  ///   - layers: whose block outputs are compared; 10, 12, ..., 20 of 32 in the reference.
  ///   - alpha: how far the contrast goes; 5 in the reference.
  ///   - tokens: the most response tokens of an example that are compared, from the first; 64 in the reference.
  /// - Precondition: every example has a ``TrainingExample/contrast``, and there is a layer.
  public init(
    model: any LanguageModel, adapters: TrainedAdapters, layers: [Int], alpha: Double = 5, tokens: Int = 64
  ) {
    precondition(!layers.isEmpty, "no layer to compare")
    self.model = model
    self.adapters = adapters
    self.layers = layers.sorted()
    self.alpha = alpha
    self.tokens = tokens
    // What is compared is read above the trunk.
    trunk = Trunk(of: model, adapters, below: Site(layer: self.layers[0], component: .blockOutput))
  }

  public func terms(of example: TrainingExample) -> Int { layers.count * compared(example) }

  public func sequences(of example: TrainingExample) -> [TokenBatch.Sequence] {
    let texts =
      [(example.tokens, example.promptLength)]
      + [example.contrast?.positive, example.contrast?.negative].compactMap { $0 }.map { ($0.tokens, $0.promptLength) }
    return texts.map(sequence)
  }

  private func compared(_ example: TrainingExample) -> Int {
    min(tokens, example.tokens.count - example.promptLength)
  }

  public func lossSum(_ examples: [TrainingExample], mode: EditMode) throws(TensorError) -> Tensor {
    let wanted = try withoutGradients { () throws(TensorError) in try targets(examples) }
    let (batch, tap) = try adapters.tapped(
      examples.map { sequence($0.tokens, $0.promptLength) }, of: examples, mode: mode)
    let got = try states(batch, examples.map(compared), tap)
    var total: Tensor?
    for (state, target) in zip(got, wanted) {
      let distance = try (state - target).norm(along: 1).sum()
      total = if let total { try total + distance } else { distance }
    }
    guard let total else { preconditionFailure("there is a layer") }
    return total
  }

  /// `h(x) + alpha (h(x+) - h(x-))` of every layer, `[response tokens, d]`.
  private func targets(_ examples: [TrainingExample]) throws(TensorError) -> [Tensor] {
    let counts = examples.map(compared)
    func states(_ sequences: [TokenBatch.Sequence]) throws(TensorError) -> [Tensor] {
      let batch = TokenBatch(sequences)
      return try self.states(batch, counts, adapters.tapBeneath(batch))
    }
    let contrasts = examples.compactMap(\.contrast)
    precondition(contrasts.count == examples.count, "an example without a contrast")
    let plain = try states(examples.map { sequence($0.tokens, $0.promptLength) })
    let positive = try states(contrasts.map { sequence($0.positive.tokens, $0.positive.promptLength) })
    let negative = try states(contrasts.map { sequence($0.negative.tokens, $0.negative.promptLength) })
    var targets: [Tensor] = []
    for i in layers.indices { targets.append(try plain[i] + (positive[i] - negative[i]) * alpha) }
    return targets
  }

  /// What behind the compared tokens is not computed.
  private func sequence(_ text: [Int32], _ promptLength: Int) -> TokenBatch.Sequence {
    .init(tokens: Array(text.prefix(promptLength + tokens)), promptLength: promptLength)
  }

  /// The block outputs of the first response tokens, one tensor a layer.
  private func states(_ batch: TokenBatch, _ counts: [Int], _ tap: Tap) throws(TensorError) -> [Tensor] {
    var tap = tap
    let recorders = layers.map { _ in Recorder() }
    for (layer, recorder) in zip(layers, recorders) {
      tap.place(recorder, at: Site(layer: layer, component: .blockOutput), on: .all)
    }
    tap.lastLayer = layers.last
    _ = try model.hidden(batch, of: batch.sequences, from: trunk, tap: tap)
    var rows: [Int64] = []
    for (i, packed) in batch.rows.enumerated() {
      let first = packed.lowerBound + batch.sequences[i].promptLength
      rows += (first..<first + counts[i]).map(Int64.init)
    }
    let index = try Tensor(rows, on: model.device)
    var states: [Tensor] = []
    for recorder in recorders { states.append(try recorder.activations[0].selected(index)) }
    return states
  }
}
