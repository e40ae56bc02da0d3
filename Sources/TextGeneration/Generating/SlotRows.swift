import LanguageModels
import Tensors

/// Rows whose prompts are read, growing by one token a step in slots of a fixed shape.
///
/// Steps that look equally far and edit the same are one piece of work, which a GPU records (``Tensors/RepeatedWork``).
final class SlotRows {
  private struct Key: Hashable {
    let columns: Int
    let edits: Tap.Pattern
    let routes: [Int]
  }

  /// Pieces of work to keep: each has recorded activations.
  private static let keptSteps = 16
  /// Columns and rooms are powers of two from here on, so that few pieces of work serve all lengths.
  private static let leastColumns = 64

  var rows: [GeneratingRow] = []
  private let model: any LanguageModel
  private let count: Int
  private let wantsBest: Bool
  private var slots: DecodingSlots?
  private var slotOfRow: [Int] = []
  /// The route that each slot's last row went: a slot without a row keeps it, so that a row that leaves changes no step.
  private var routeOfSlot: [Int?]
  private var steps: [Key: RepeatedWork] = [:]

  /// - Parameters:
  ///   - count: rows at a time.
  ///   - wantsBest: whether tokens are chosen by their scores alone.
  init(_ model: any LanguageModel, count: Int, wantsBest: Bool) {
    (self.model, self.count, self.wantsBest) = (model, count, wantsBest)
    routeOfSlot = Array(repeating: nil, count: count)
  }

  /// Takes over a row with what a cache holds of it, all but its last token, where there is memory for it.
  ///
  /// - Parameter length: tokens that it will have at most.
  /// - Returns: whether it did.
  func take(_ row: GeneratingRow, at sequence: Int, of cache: KVCache, length: Int) throws(TensorError) -> Bool {
    guard let free = (0..<count).first(where: { !slotOfRow.contains($0) }) else {
      preconditionFailure("more rows than slots")
    }
    guard let slots = try room(for: length) else { return false }
    try slots.take(sequence, of: cache, into: free)
    rows.append(row)
    slotOfRow.append(free)
    routeOfSlot[free] = row.route
    return true
  }

  /// Keeps only these rows, in this order.
  func keep(_ staying: [Int]) {
    rows = staying.map { rows[$0] }
    slotOfRow = staying.map { slotOfRow[$0] }
  }

  /// One step of all rows.
  ///
  /// - Returns: what comes next by slots, and the slot of each row.
  func step(_ edits: Edits) throws(TensorError) -> (next: NextTokens, slots: [Int]) {
    guard let slots else { preconditionFailure("a step without rows") }
    // A slot without a row does what the first row does.
    var ofSlot = [Int](repeating: 0, count: count)
    for (row, slot) in slotOfRow.enumerated() { ofSlot[slot] = row }
    let sequences = ofSlot.enumerated().map { slot, row in
      var room = 1
      var piece = rows[row].piece(from: rows[row].length - 1, room: &room)
      piece.route = routeOfSlot[slot] ?? piece.route
      return piece
    }
    let batch = TokenBatch(sequences)
    let tap = try edits(batch)
    let longest = batch.positions.reduce(0, max) + 1
    try slots.read(tokens: batch.tokens, positions: batch.positions)
    let work = work(Self.bucket(longest, atMost: slots.capacity), batch, tap, slots)
    return (NextTokens(try work()), slotOfRow)
  }

  private func work(_ columns: Int, _ batch: TokenBatch, _ tap: Tap, _ slots: DecodingSlots) -> RepeatedWork {
    let pattern = tap.pattern
    // Where nothing is edited it does not matter which way a row goes.
    let key = Key(columns: columns, edits: pattern, routes: pattern.isEmpty ? [] : batch.sequences.map(\.route))
    if let known = steps[key] { return known }
    let work = RepeatedWork(on: model.device) { [model, wantsBest] () throws(TensorError) in
      let hidden = try model.hidden(batch, in: slots, columns: columns, tap: tap)
      return try NextTokens(hidden, by: model, wantsBest: wantsBest).tensors
    }
    guard tap.isRepeatable else { return work }
    if steps.count == Self.keptSteps, let one = steps.keys.first { steps[one] = nil }
    steps[key] = work
    return work
  }

  /// The slots with room for so many tokens each; `nil` where that is more than half of what the device has free.
  private func room(for tokens: Int) throws(TensorError) -> DecodingSlots? {
    if let slots, slots.capacity >= tokens { return slots }
    let capacity = Self.bucket(tokens, atMost: max(tokens, model.shape.contextLength))
    if model.device != .cpu {
      let wanted = DecodingSlots.bytes(model, count: count, capacity: capacity)
      guard wanted <= (try model.device.memory()).free / 2 else { return nil }
    }
    let made =
      if let slots { try slots.enlarged(to: capacity) } else {
        try DecodingSlots(model, count: count, capacity: capacity)
      }
    slots = made
    steps = [:]
    return made
  }

  private static func bucket(_ tokens: Int, atMost limit: Int) -> Int {
    var columns = leastColumns
    while columns < tokens { columns *= 2 }
    return min(columns, limit)
  }
}
