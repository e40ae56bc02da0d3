/// A named activation of a transformer block; raw values are pyvene's names.
public enum Component: String, Sendable, Hashable, CaseIterable, Comparable {
  /// The residual stream that enters the block, `[rows, d]`.
  case blockInput = "block_input"
  /// What the attention reads, normed where the norm stands before it: `[rows, d]`.
  case attentionInput = "attention_input"
  /// Queries, keys and values after their projection, before rotation: `[rows, heads * headDim]`.
  case query, key, value
  /// The output of each attention head before the output projection: `[rows, heads, headDim]`. LoFiT and ITI edit here.
  case headOutput = "head_attention_value_output"
  /// The attention's contribution to the residual stream, `[rows, d]`.
  case attentionOutput = "attention_output"
  /// What the feed-forward network reads, `[rows, d]`; where norms stand behind the sums (BERT), the residual stream itself.
  case mlpInput = "mlp_input"
  /// The gate of a gated network before its activation function, `[rows, intermediate]`; plain networks have none.
  case mlpGate = "mlp_gate"
  /// The first projection of the network, before the activation function where there is no gate: `[rows, intermediate]`.
  case mlpUp = "mlp_up"
  /// The hidden layer of the feed-forward network, before its last projection: `[rows, intermediate]`.
  case mlpActivation = "mlp_activation"
  /// The feed-forward network's contribution to the residual stream, `[rows, d]`. RED edits here.
  case mlpOutput = "mlp_output"
  /// The residual stream that leaves the block, `[rows, d]`. ReFT edits here.
  case blockOutput = "block_output"

  /// Whether heads can be chosen at this component.
  public var isPerHead: Bool { self == .headOutput }

  /// Order of evaluation within a block.
  private var order: Int { Component.allCases.firstIndex(of: self) ?? 0 }
  public static func < (a: Component, b: Component) -> Bool { a.order < b.order }
}

/// One named activation in one layer.
public struct Site: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// 0-based index of the block.
  public let layer: Int
  /// Which of the block's activations.
  public let component: Component

  /// A site; whether a model has it is checked where it is used.
  public init(layer: Int, component: Component) {
    self.layer = layer
    self.component = component
  }

  /// `3.block_output`.
  public var description: String { "\(layer).\(component.rawValue)" }

  public static func < (a: Site, b: Site) -> Bool { (a.layer, a.component) < (b.layer, b.component) }
}
