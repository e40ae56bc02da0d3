public import LanguageModels
public import Tensors

extension Adapter {
  /// The tap of one forward pass over this batch.
  ///
  /// Which rows an edit gets follows from each sequence's prompt length and absolute positions alone. Parts that no row of
  /// the batch needs are not evaluated: a decoding step of a prompt-only adapter costs nothing.
  public func tap(for batch: TokenBatch, mode: EditMode = .inference) throws(TensorError) -> Tap {
    var tap = Tap.none
    var rows: [RowsKey: Tap.Rows?] = [:]
    for part in parts {
      let key = RowsKey(positions: part.positions, side: part.side)
      let chosen: Tap.Rows?
      if let known = rows[key] {
        chosen = known
      } else {
        chosen = try Self.rows(of: batch, part.positions, part.side, plan.rule, on: part.target.device)
        rows[key] = chosen
      }
      guard let chosen else { continue }
      tap.place(try part.intervention.edit(mode), at: part.target.site, on: chosen)
    }
    return tap
  }

  private struct RowsKey: Hashable {
    let positions: Positions
    let side: Positions.Side
  }

  /// The packed rows of the batch that lie at the edited positions; `nil` where none does.
  private static func rows(
    of batch: TokenBatch, _ positions: Positions, _ side: Positions.Side, _ rule: Positions.Rule, on device: Device
  ) throws(TensorError) -> Tap.Rows? {
    var chosen: [Int64] = []
    for (sequence, rows) in zip(batch.sequences, batch.rows) {
      let here = sequence.start..<sequence.start + sequence.tokens.count
      for range in positions.ranges(promptLength: sequence.promptLength, side: side, rule: rule) {
        for position in range.clamped(to: here) {
          chosen.append(Int64(rows.lowerBound + position - sequence.start))
        }
      }
    }
    if chosen.isEmpty { return nil }
    if chosen.count == batch.rowCount { return .all }
    return .some(try Tensor(chosen, on: device))
  }

  /// The positions of a sequence that this adapter edits somewhere, for showing to people.
  public func editedPositions(promptLength: Int, length: Int) -> [Int] {
    var edited = Set<Int>()
    for part in parts {
      for range in part.positions.ranges(promptLength: promptLength, side: part.side, rule: plan.rule) {
        edited.formUnion(range.clamped(to: 0..<length))
      }
    }
    return edited.sorted()
  }
}
