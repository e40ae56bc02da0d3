import Tensors

/// How the hidden states of a text become one vector.
public enum Pooling: String, Sendable, CaseIterable {
  /// The mean over all tokens, special ones included: most sentence encoders.
  case mean
  /// The first token's: BERT's `[CLS]`.
  case first = "cls"
  /// The last token's: decoders.
  case last

  /// The vector `[1, d]` of the rows of one text.
  func callAsFunction(_ hidden: Tensor, _ rows: Range<Int>) throws(TensorError) -> Tensor {
    switch self {
    case .mean: try hidden.narrowed(0, rows).sum(along: 0, keep: true) / Double(rows.count)
    case .first: try hidden.narrowed(0, rows.lowerBound..<rows.lowerBound + 1)
    case .last: try hidden.narrowed(0, rows.upperBound - 1..<rows.upperBound)
    }
  }
}
