public import LanguageModels
public import Tensors

/// Which adapters act on which sequences of a batch: a sequence's ``LanguageModels/TokenBatch/Sequence/route`` says which list.
///
/// The adapters of a list act in its order, each on what those before it left. A sequence gets, bit for bit, what it gets in the
/// same batch when all sequences go its way.
public struct AdapterRoutes {
  /// The lists; a route is an index.
  public let routes: [[AdapterUse]]

  /// Lists of adapters by route.
  ///
  /// - Throws: ``AdapterError/twoPrefixes(methods:)`` where two adapters of a list put rows before the sequence.
  public init(_ routes: [[AdapterUse]]) throws(AdapterError) {
    for uses in routes {
      let prepending = uses.filter { $0.strength != 0 && $0.adapter.prepends }
      guard prepending.count <= 1 else {
        throw .twoPrefixes(methods: prepending.map(\.adapter.plan.method))
      }
    }
    self.routes = routes
  }

  /// Every sequence as the model leaves it.
  public static var none: AdapterRoutes { AdapterRoutes(trusting: [[]]) }

  /// Lists that were checked when they were put together.
  ///
  /// - Precondition: no list has two adapters that put rows before the sequence.
  public init(trusting routes: [[AdapterUse]]) { self.routes = routes }

  /// One route for each set of subspaces of an adapter that acts on top of others.
  public init(_ adapter: Adapter, subspaces: [Set<String>?], on beneath: [AdapterUse]) {
    self.init(trusting: subspaces.map { beneath + [AdapterUse(whole: adapter, subspaces: $0)] })
  }

  /// One list for every sequence.
  public init(_ adapters: [Adapter]) throws(AdapterError) {
    try self.init([adapters.map { AdapterUse(whole: $0) }])
  }

  fileprivate init(only adapter: Adapter) { self.init(trusting: [[AdapterUse(whole: adapter)]]) }

  /// The tap of one forward pass over this batch.
  ///
  /// Which rows an edit gets follows from each sequence's prompt length and absolute positions alone. Parts that no row of
  /// the batch needs are not evaluated: a decoding step of a prompt-only adapter costs nothing.
  ///
  /// - Precondition: every route of the batch is an index of ``routes``.
  public func tap(for batch: TokenBatch, mode: EditMode = .inference) throws(TensorError) -> Tap {
    var tap = Tap.none
    let present = Set(batch.sequences.map(\.route)).sorted()
    for route in present {
      guard let use = routes[route].first(where: { $0.strength != 0 && $0.adapter.prepends }) else { continue }
      guard
        let prefix = try use.adapter.prefix(
          use.adapter.isFrozen ? .inference : mode, strength: use.strength)
      else { continue }
      for (i, sequence) in batch.sequences.enumerated() where sequence.route == route { tap.put(prefix, before: i) }
    }
    let layout = RowLayout(batch, tap)
    for route in present {
      for use in routes[route] where use.strength != 0 {
        for part in use.adapter.parts where !(part.intervention is any Prepending) {
          guard let rows = layout.rows(of: part, use.adapter.plan.rule, route) else { continue }
          var mode = use.adapter.isFrozen ? .inference : mode
          mode.subspaces = use.subspaces ?? mode.subspaces
          mode.sequences = rows.sequences
          // In training the order in which edits are made is the order in which they draw.
          let edit: any ActivationEdit =
            if mode.training == nil {
              DeferredEdit { [mode] () throws(TensorError) in try part.intervention.edit(mode) }
            } else {
              try part.intervention.edit(mode)
            }
          tap.place(
            use.strength == 1 ? edit : Strengthened(edit, use.strength), at: part.target.site, on: rows.seen,
            keeping: rows.kept)
        }
      }
    }
    return tap
  }
}

/// Where the rows of a batch lie, and which an intervention edits.
private final class RowLayout {
  /// The rows of one intervention.
  struct Chosen {
    let seen: Tap.Rows
    let kept: RowIndex?
    let sequences: [Range<Int>]
  }

  private struct Key: Hashable {
    let positions: Positions
    let side: Positions.Side
    let rule: Positions.Rule
    let route: Int
  }

  private let batch: TokenBatch
  /// Soft prompts behind the tokens' rows, each with the route it belongs to.
  private let virtual: [(rows: Range<Int>, route: Int)]
  private var known: [Key: Chosen?] = [:]

  init(_ batch: TokenBatch, _ tap: Tap) {
    self.batch = batch
    virtual = tap.virtualSequences(of: batch).map { prefix, rows in
      let owner = batch.sequences.indices.first { tap.prefixes[$0] === prefix }
      return (rows, owner.map { batch.sequences[$0].route } ?? 0)
    }
  }

  func rows(of part: Adapter.Part, _ rule: Positions.Rule, _ route: Int) -> Chosen? {
    let key = Key(positions: part.positions, side: part.side, rule: rule, route: route)
    if let chosen = known[key] { return chosen }
    let chosen = choose(key, on: part.target.device)
    known[key] = .some(chosen)
    return chosen
  }

  /// The rows at the edited positions of every sequence, and those among them that go this route; `nil` where none does.
  private func choose(_ key: Key, on device: Device) -> Chosen? {
    var seen: [Int64] = []
    var kept: [Int64] = []
    var sequences: [Range<Int>] = []
    func add(_ rows: some Sequence<Int>, _ route: Int) {
      let first = seen.count
      seen += rows.map(Int64.init)
      sequences.append(first..<seen.count)
      if route == key.route { kept += (first..<seen.count).map(Int64.init) }
    }
    for (sequence, rows) in zip(batch.sequences, batch.rows) {
      let here = sequence.start..<sequence.start + sequence.tokens.count
      let ranges = key.positions.ranges(promptLength: sequence.promptLength, side: key.side, rule: key.rule)
      add(
        ranges.lazy.flatMap { $0.clamped(to: here) }.map { rows.lowerBound + $0 - sequence.start }, sequence.route)
    }
    // A soft prompt has no position among the tokens: what acts everywhere acts on it too.
    if key.positions == .all { for (rows, route) in virtual { add(rows, route) } }
    if kept.isEmpty { return nil }
    let isEverything = seen.count == batch.rowCount + virtual.reduce(0) { $0 + $1.rows.count }
    return Chosen(
      seen: isEverything ? .all : .some(RowIndex(seen, on: device)),
      kept: kept.count == seen.count ? nil : RowIndex(kept, on: device), sequences: sequences)
  }
}

extension Adapter {
  /// The tap of one forward pass in which this adapter acts on every sequence; ``AdapterRoutes`` has the rest.
  public func tap(for batch: TokenBatch, mode: EditMode = .inference) throws(TensorError) -> Tap {
    var sequences = batch.sequences
    for i in sequences.indices { sequences[i].route = 0 }
    return try AdapterRoutes(only: self).tap(for: TokenBatch(sequences), mode: mode)
  }

  /// The positions of a sequence that this adapter edits somewhere, for showing to people.
  public func editedPositions(promptLength: Int, length: Int) -> [Int] {
    if prepends { return Array(0..<length) }
    var edited = Set<Int>()
    for part in parts {
      for range in part.positions.ranges(promptLength: promptLength, side: part.side, rule: plan.rule) {
        edited.formUnion(range.clamped(to: 0..<length))
      }
    }
    return edited.sorted()
  }
}
