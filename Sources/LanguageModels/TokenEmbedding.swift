import Layers
import Tensors

/// Where the residual stream begins: tokens to rows.
struct TokenEmbedding {
  /// `[vocabulary, d]`.
  let table: WeightMatrix
  /// Factor on the rows (Gemma), 1 as a rule.
  var scale = 1.0
  /// Learned positions `[positions, d]`, and the row of position 0 (RoBERTa begins behind its padding id).
  var positions: (table: Tensor, first: Int)?
  /// Learned types of segments `[types, d]` (BERT).
  var types: Tensor?
  /// Norm of the sum (BERT).
  var norm: (any Norm)?

  /// - Parameter virtual: rows `[n, d]` that are the batch's last sequences in place of their tokens.
  func callAsFunction(
    _ batch: TokenBatch, virtual: [Tensor] = [], on device: Device
  ) throws(TensorError) -> Tensor {
    let tokens = batch.tokens.dropLast(virtual.reduce(0) { $0 + $1.size(0) })
    var x = try table.rows(tokens.map(Int64.init))
    if !virtual.isEmpty { x = try x.followed(byRows: virtual) }
    if scale != 1 { x = try x * scale }
    if let types { x = try x + types.embedding(of: Tensor(batch.types.map(Int64.init), on: device)) }
    if let positions {
      let rows = batch.positions.map { Int64($0 + positions.first) }
      x = try x + positions.table.embedding(of: Tensor(rows, on: device))
    }
    return try norm?(x) ?? x
  }
}

extension Tensor {
  /// These rows and others behind them, in the type of these.
  fileprivate func followed(byRows others: [Tensor]) throws(TensorError) -> Tensor {
    var parts = [self]
    for other in others { parts.append(try other.converted(to: dtype)) }
    return try Tensor.concatenated(parts, along: 0)
  }
}
