public import Tensors

/// Rows that stand before a sequence without being tokens of it: a soft prompt, or a prefix of keys and values.
///
/// The tokens' positions go on behind them. With a cache they are put in with the first tokens of a sequence.
public final class VirtualPrefix {
  /// Number of rows, n.
  public let length: Int
  /// What the rows are.
  public let content: Content
  /// s: what a token's attention gives to a prefix row counts s times, `s exp(score)`; 1 as a rule.
  public let strength: Double

  /// What virtual rows are.
  public enum Content {
    /// `[n, d]`: rows of the embedding, which go through all layers (prompt tuning).
    case embeddings(Tensor)
    /// Keys and values of each layer that has some, `[n, kvHeads * headDim]`, not turned by positions (prefix tuning).
    case keyValues([Int: (keys: Tensor, values: Tensor)])
  }

  /// Virtual rows.
  ///
  /// - Precondition: `strength` is above zero.
  public init(length: Int, _ content: Content, strength: Double = 1) {
    precondition(strength > 0, "a prefix that is not there is left out")
    self.length = length
    self.content = content
    self.strength = strength
  }
}
