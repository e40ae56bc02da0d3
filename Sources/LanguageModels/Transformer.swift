import Layers
public import Tensors

/// A model of blocks on a residual stream: embedding, blocks, final norm, vocabulary head.
public final class Transformer: LanguageModel {
  public let shape: ModelShape
  public let components = Set(Component.allCases)
  public let parameterCount: Int
  public let isCausal: Bool
  public var device: Device { embedding.table.device }
  public var cacheLimit: Int? { blocks.compactMap { $0.attention.rotary?.commonLength }.min() }
  public var scoresVocabulary: Bool { head != nil }

  private let embedding: TokenEmbedding
  private let blocks: [any Block]
  private let norm: (any Norm)?
  private let head: VocabularyHead?
  private let biases: BiasCarrier

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
  }

  public func hidden(_ batch: TokenBatch, cache: KVCache?, tap: Tap) throws(TensorError) -> Tensor {
    precondition(cache == nil || isCausal, "an encoder reads whole texts: it has no cache")
    let pass = Pass(batch, cache: cache, tap: tap, on: device)
    var h = try embedding(batch, on: device)  // [rows, d]
    for (i, block) in blocks.enumerated() { h = try block(h, pass.layer(i)) }
    return try norm?(h) ?? h
  }

  public func logits(_ hidden: Tensor) throws(TensorError) -> Tensor {
    guard let head else { preconditionFailure("this model has no vocabulary head: ask scoresVocabulary first") }
    return try head(hidden)
  }

  public func projection(reading component: Component, layer: Int) -> Projection? {
    switch component {
    case .headOutput: blocks[layer].attention.output.projection
    case .mlpActivation: blocks[layer].feedForward.down.projection
    default: nil
    }
  }

  public func biasCompanions(reading component: Component) throws(TensorError) -> BiasCompanions? {
    try biases.companions(blocks, inAttention: component == .headOutput)
  }
}
