/// The sizes of a language model that interventions and reports need.
public struct ModelShape: Sendable, Hashable {
  /// Number of blocks, L.
  public let layers: Int
  /// Width of the residual stream, d.
  public let hidden: Int
  /// Query heads of one layer, H.
  public let heads: Int
  /// Key and value heads of one layer; fewer than `heads` under grouped-query attention.
  public let kvHeads: Int
  /// Width of one head.
  public let headDim: Int
  /// Width of the feed-forward network's hidden layer.
  public let intermediate: Int
  /// Rows of the embedding table.
  public let vocabulary: Int
  /// Longest sequence the model was made for, in tokens.
  public let contextLength: Int

  /// A shape from its sizes, which are not checked here: whoever reads a file does that.
  public init(
    layers: Int, hidden: Int, heads: Int, kvHeads: Int, headDim: Int, intermediate: Int, vocabulary: Int,
    contextLength: Int
  ) {
    self.layers = layers
    self.hidden = hidden
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.intermediate = intermediate
    self.vocabulary = vocabulary
    self.contextLength = contextLength
  }

  /// Width of one row of a component's activation.
  public func width(of component: Component) -> Int {
    switch component {
    case .blockInput, .attentionInput, .attentionOutput, .mlpInput, .mlpOutput, .blockOutput: hidden
    case .query, .headOutput: heads * headDim
    case .key, .value: kvHeads * headDim
    case .mlpGate, .mlpUp, .mlpActivation: intermediate
    }
  }

  /// Width of one row of what a component was computed from, `from:` of the tap; `nil` where that is no single activation.
  public func inputWidth(of component: Component) -> Int? {
    switch component {
    case .query, .key, .value, .mlpGate, .mlpUp: hidden
    case .attentionOutput: heads * headDim
    case .mlpOutput: intermediate
    case .blockInput, .attentionInput, .headOutput, .mlpInput, .mlpActivation, .blockOutput: nil
    }
  }
}

extension ModelShape {
  /// Rows whose vocabulary scores exist at one time in a loss: 67 MB of them, and 64 at least, below which products slow down.
  var lossRows: Int { max(64, (1 << 24) / vocabulary) }
}
