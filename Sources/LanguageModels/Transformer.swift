import Layers
public import Tensors

/// A model of blocks on a residual stream: embedding, blocks, final norm, vocabulary head.
public final class Transformer: LanguageModel {
  public let shape: ModelShape
  public let components: Set<Component>
  public let parameterCount: Int
  public let isCausal: Bool
  public var device: Device { embedding.table.device }
  public var cacheLimit: Int? { blocks.compactMap { $0.attention.rotary?.commonLength }.min() }
  public var embeddingTable: WeightMatrix { embedding.table }
  public var takesBranches: Bool {
    isCausal && cacheLimit == nil && blocks.allSatisfy { $0.attention.attend.takesBranches }
  }
  public var takesSlots: Bool {
    isCausal && cacheLimit == nil && embedding.takesSteps && blocks.allSatisfy { $0.attention.attend.takesSlots }
  }
  public var scoresVocabulary: Bool { head != nil }

  let embedding: TokenEmbedding
  let blocks: [any Block]
  private let norm: (any Norm)?
  let head: VocabularyHead?
  let biases: BiasCarrier

  /// A model from its parts.
  init(
    _ shape: ModelShape, embedding: TokenEmbedding, blocks: [any Block], norm: (any Norm)?, head: VocabularyHead?,
    biases: BiasCarrier, isCausal: Bool = true, weights: WeightLoader
  ) {
    self.shape = shape
    self.embedding = embedding
    self.blocks = blocks
    self.norm = norm
    self.head = head
    self.biases = biases
    self.isCausal = isCausal
    parameterCount = weights.takenElements
    // A gate is there or not; every other component is in every block.
    let isGated = blocks.allSatisfy { $0.projection(writing: .mlpGate) != nil }
    components = Set(Component.allCases).subtracting(isGated ? [] : [.mlpGate])
  }

  /// A model with other blocks of the same kind; all else is shared.
  init(_ other: Transformer, blocks: [any Block]) {
    (shape, components, isCausal) = (other.shape, other.components, other.isCausal)
    (embedding, norm, head, biases) = (other.embedding, other.norm, other.head, other.biases)
    self.blocks = blocks
    parameterCount = other.parameterCount + blocks.biasElements - other.blocks.biasElements
  }

  public func hidden(_ batch: TokenBatch, cache: KVCache?, tap: Tap) throws(TensorError) -> Tensor {
    precondition(cache == nil || isCausal, "an encoder reads whole texts: it has no cache")
    let pass = Pass(batch, cache: cache, tap: tap, on: device)
    return try finished(through(0..<blocks.count, entered(pass), pass), pass)
  }

  public func hidden(_ batch: TokenBatch, along path: TextPath, tap: Tap) throws(TensorError) -> Tensor {
    precondition(isCausal, "what comes before a row of an encoder depends on what comes after it")
    let pass = Pass(batch, path: path, tap: tap, on: device)
    let states = try finished(through(0..<blocks.count, entered(pass), pass), pass)
    path.advance()
    return states
  }

  public func hidden(
    _ batch: TokenBatch, in slots: DecodingSlots, columns: Int, tap: Tap
  ) throws(TensorError) -> Tensor {
    precondition(takesSlots, "slots where takesSlots says no")
    precondition(tap.prefixes.isEmpty && batch.rowCount == slots.count, "a row of every slot and nothing else")
    let step = try slots.step(columns: columns)
    let pass = Pass(batch, step: step, tap: tap, on: device)
    return try finished(through(0..<blocks.count, embedding(step), pass), pass)
  }

  /// Where the residual stream begins, `[rows, d]`.
  func entered(_ pass: Pass) throws(TensorError) -> Tensor {
    try embedding(pass.batch, virtual: pass.virtualEmbeddings, on: device)
  }

  /// The residual stream behind some blocks, `[rows, d]`.
  func through(_ range: Range<Int>, _ stream: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
    var h = stream
    for i in range where i <= pass.lastLayer ?? i {
      let (block, layer) = (blocks[i], try pass.layer(i, isLast: i == blocks.count - 1))
      // What has no graph keeps nothing anyway.
      if let recomputation = pass.recomputation, h.requiresGradient, layer.tap.isRepeatable {
        h = try h.recomputing(drawing: recomputation.random) { x throws(TensorError) in try block(x, layer) }
      } else {
        h = try block(h, layer)
      }
    }
    return h
  }

  /// What a pass gives: the rows of tokens that are asked for, final norm applied.
  func finished(_ stream: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
    let h = try pass.asked(of: stream)
    return try norm?(h) ?? h
  }

  public func logits(_ hidden: Tensor) throws(TensorError) -> Tensor {
    guard let head else { preconditionFailure("this model has no vocabulary head: ask scoresVocabulary first") }
    return try head(hidden)
  }
}

extension [any Block] {
  /// Elements of the biases of all projections.
  fileprivate var biasElements: Int {
    lazy.flatMap { $0.attention.projections + $0.feedForward.projections }
      .reduce(0) { $0 + ($1.map.map.bias?.size(0) ?? 0) }
  }
}
