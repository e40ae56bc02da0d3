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
    return try finished(
      x, types: types == nil ? nil : Tensor(batch.types.map(Int64.init), on: device),
      positions: positions == nil ? nil : Tensor(batch.positions.map(Int64.init), on: device))
  }

  /// Whether tokens that the device alone knows have rows too.
  var takesSteps: Bool { if case .plain = table { types == nil } else { false } }

  /// The rows of a step over slots, `[slots, d]`.
  func callAsFunction(_ step: DecodingSlots.Step) throws(TensorError) -> Tensor {
    guard case .plain(let table) = table, types == nil else { preconditionFailure("a step where takesSteps says no") }
    return try finished(table.embedding(of: step.tokens), types: nil, positions: step.places.positions)
  }

  /// Rows of the table to rows of the stream; int64 types and positions a row, where there are such.
  private func finished(_ rows: Tensor, types: Tensor?, positions: Tensor?) throws(TensorError) -> Tensor {
    var x = rows
    if scale != 1 { x = try x * scale }
    if let table = self.types, let types { x = try x + table.embedding(of: types) }
    if let (table, first) = self.positions, let positions {
      x = try x + table.narrowed(0, first..<table.size(0)).embedding(of: positions)
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
