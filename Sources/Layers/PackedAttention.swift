public import Tensors

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Attention over packed rows: every sequence of the batch looks at itself alone, and no padding exists.
public struct PackedAttention {
  /// What a row may look at.
  public enum Reach: Sendable, Equatable {
    /// Every row of its sequence: encoders.
    case everything
    /// Itself and what came before.
    case past
    /// The last rows, itself included (sliding window, arXiv 2004.05150).
    case window(Int)
  }

  /// Rows that a sequence sees before its own.
  public struct Prefix {
    /// Number of rows.
    public let length: Int
    /// s: what attention gives to these rows counts s times; `log s` is added to their scores.
    public let strength: Double
    /// Keys and values `[n, kvHeads, headDim]`; `nil` where the sequence's store holds them.
    public let rows: (keys: Tensor, values: Tensor)?

    /// A prefix of one sequence in one layer.
    public init(length: Int, strength: Double, rows: (keys: Tensor, values: Tensor)?) {
      self.length = length
      self.strength = strength
      self.rows = rows
    }
  }

  /// An addition to the scores of the first keys.
  typealias Boost = (columns: Int, score: Double)

  /// Factor on the scores, `1/sqrt(headDim)` as a rule.
  public let scale: Double
  /// What a row may look at.
  public let reach: Reach
  /// c: scores become `c tanh(score / c)` (Gemma 2, arXiv 2408.00118), or stay as they are.
  public let softcap: Double?

  /// Rows whose scores exist at one time where the fused kernel does not serve.
  private static let blockRows = 256

  /// Attention with this factor on the scores.
  public init(scale: Double, reach: Reach = .past, softcap: Double? = nil) {
    self.scale = scale
    self.reach = reach
    self.softcap = softcap
  }

  /// Attends: sequences that begin in one call, those that go on by one row in another, each other piece by itself.
  ///
  /// - Parameters:
  ///   - q: `[rows, heads, headDim]`; `k`, `v`: `[rows, kvHeads, headDim]`, rotated already.
  ///   - sequences: which rows belong to one sequence, in order, without gaps.
  ///   - parents: the sequence on whose last row each goes on, where ``takesBranches``; empty where all begin.
  ///   - stores: one for each sequence when decoding with a cache (not for sequences behind them, which are seen whole); its
  ///     rows so far come before the new ones.
  ///   - prefixes: what each sequence sees before its own rows; empty for nothing.
  /// - Returns: `[rows, heads, headDim]`, before the output projection.
  public func callAsFunction(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, sequences: [Range<Int>], parents: [Int?] = [], stores: [KeyValueStore]?,
    prefixes: [Prefix?] = []
  ) throws(TensorError) -> Tensor {
    let members = sequences.indices.map { i in
      Member(
        rows: sequences[i], parent: parents.isEmpty ? nil : parents[i],
        store: stores.flatMap { i < $0.count ? $0[i] : nil }, prefix: prefixes.isEmpty ? nil : prefixes[i])
    }
    let isSteppable = reach != .everything && q.dtype == .float32 && q.device == .cpu && !q.requiresGradient
    let ways = members.map { way(of: $0, isSteppable: isSteppable) }
    precondition(parents.isEmpty || ways.allSatisfy { $0 == .beginning }, "branches where takesBranches says no")
    var parts: [Tensor] = []
    var first = 0
    while first < members.count {
      let end = ways[first...].firstIndex { $0 != ways[first] } ?? members.count
      let rows = members[first].rows.lowerBound..<members[end - 1].rows.upperBound
      let run = members[first..<end].map { $0.moved(by: rows.lowerBound) }
      let isAll = run.count == members.count
      let (query, key, value) =
        try isAll ? (q, k, v) : (q.narrowed(0, rows), k.narrowed(0, rows), v.narrowed(0, rows))
      switch ways[first] {
      case .beginning: parts.append(try begin(query, key, value, run))
      case .step: parts.append(try step(query, key, value, run))
      case .byItself: for member in run { parts.append(try alone(query, key, value, member)) }
      }
      first = end
    }
    return parts.count == 1 ? parts[0] : try Tensor.concatenated(parts, along: 0)
  }

  /// Whether sequences of one batch may go on from one another.
  public var takesBranches: Bool { softcap == nil && reach == .past }

  /// How many rows back a row sees, itself included; `nil` where that is not limited.
  var window: Int? { if case .window(let width) = reach { width } else { nil } }

  /// One sequence of a batch: its rows, and what it sees before them.
  private struct Member {
    let rows: Range<Int>
    let parent: Int?
    let store: KeyValueStore?
    let prefix: Prefix?

    /// The same among rows of which the first has this number.
    func moved(by first: Int) -> Member {
      Member(rows: rows.lowerBound - first..<rows.upperBound - first, parent: parent, store: store, prefix: prefix)
    }
  }

  /// How a sequence is computed; those that stand side by side and go one way go in one call.
  private enum Way {
    /// It sees itself alone.
    case beginning
    /// It goes on by one row.
    case step
    case byItself
  }

  /// - Parameter isSteppable: whether there is a kernel for single rows of this kind.
  private func way(of member: Member, isSteppable: Bool) -> Way {
    if softcap != nil { return .byItself }
    if member.prefix == nil, member.store?.held ?? 0 == 0, window == nil { return .beginning }
    let isPlain = member.prefix.map { $0.rows == nil && $0.strength == 1 } ?? true
    return isSteppable && isPlain && member.store != nil && member.rows.count == 1 ? .step : .byItself
  }

  /// Beginnings of texts; what is to be kept of them is kept.
  private func begin(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ run: [Member]) throws(TensorError) -> Tensor {
    for member in run {
      guard let store = member.store else { continue }
      _ = try store.append(keys: k.narrowed(0, member.rows), values: v.narrowed(0, member.rows))
    }
    return try Tensor.packedAttention(
      query: q, key: k, value: v, sequences: run.map { Tensor.Rows(own: $0.rows, parent: $0.parent) },
      causal: reach == .past, scale: scale)
  }

  /// One new row a sequence.
  private func step(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ run: [Member]) throws(TensorError) -> Tensor {
    let stores = run.compactMap(\.store)
    var kept: [Tensor.Kept] = []
    kept.reserveCapacity(stores.count)
    for store in stores {
      let (keys, values, row) = try store.advance(like: k)
      let first = window.map { max(0, row + 1 - $0) } ?? 0
      kept.append(Tensor.Kept(keys: keys, values: values, row: row, first: first))
    }
    let z = try Tensor.decodeAttention(query: q, key: k, value: v, over: kept, scale: scale)
    if let window { for store in stores { try store.forget(allBut: window) } }
    return z
  }

  /// Any piece of any sequence.
  private func alone(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ member: Member) throws(TensorError) -> Tensor {
    let query = try q.narrowed(0, member.rows).transposed(0, 1).unsqueezed(0)
    var key = try k.narrowed(0, member.rows)
    var value = try v.narrowed(0, member.rows)
    var columns = member.prefix?.length ?? 0
    if let store = member.store {
      if let rows = member.prefix?.rows { try store.prepend(keys: rows.keys, values: rows.values) }
      (key, value) = try store.append(keys: key, values: value)
      columns = max(0, columns - store.forgotten)
      if let window { try store.forget(allBut: window) }
    } else {
      if let rows = member.prefix?.rows {
        key = try Tensor.concatenated([rows.keys, key], along: 0)
        value = try Tensor.concatenated([rows.values, value], along: 0)
      }
      key = try key.transposed(0, 1).unsqueezed(0)
      value = try value.transposed(0, 1).unsqueezed(0)
    }
    let z = try attend(query, key, value, boost(member.prefix, columns: columns))
    return try z.squeezed(0).transposed(0, 1)
  }

  /// What the scores of a prefix get, of which the first `columns` keys are left.
  func boost(_ prefix: Prefix?, columns: Int) -> Boost? {
    guard let prefix, prefix.strength != 1 else { return nil }
    return Boost(columns: columns, score: log(prefix.strength))
  }

  /// `[1, heads, new, headDim]` over `[1, kvHeads, keys, headDim]`; the new rows are the last of the keys.
  func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ boost: Boost?
  ) throws(TensorError) -> Tensor {
    let (new, keys) = (query.size(2), key.size(2))
    let isNarrow = window.map { keys > $0 } ?? false
    if softcap == nil, !isNarrow, boost == nil {
      let causal = reach != .everything && new > 1
      let mask = causal && keys > new ? try lookable(rows: keys - new..<keys, keys: 0..<keys, on: query.device) : nil
      return try Tensor.attention(
        query: query, key: key, value: value, mask: mask, causal: causal && mask == nil, scale: scale)
    }
    // A block of rows looks at the keys within its reach and no others: memory and time grow with the window.
    var blocks: [Tensor] = []
    for start in stride(from: 0, to: new, by: Self.blockRows) {
      let part = start..<min(start + Self.blockRows, new)
      let rows = keys - new + part.lowerBound..<keys - new + part.upperBound
      let seen = within(reachOf: rows, keys: keys)
      let mask = try added(
        lookable(rows: rows, keys: seen, on: query.device), boost, rows: rows.count, keys: seen, on: query.device)
      blocks.append(
        try scored(
          query.narrowed(2, part), key.narrowed(2, seen), value.narrowed(2, seen), mask))
    }
    return try Tensor.concatenated(blocks, along: 2)
  }

  /// The mask as an addition to the scores where the first keys get one of their own.
  private func added(
    _ mask: Tensor?, _ boost: Boost?, rows: Int, keys: Range<Int>, on device: Device
  ) throws(TensorError) -> Tensor? {
    guard let boost else { return mask }
    let columns = keys.map { Float($0 < boost.columns ? boost.score : 0) }
    let scores = try Tensor(columns, on: device).unsqueezed(0).expanded([rows, keys.count])
    return if let mask { try scores.filled(where: mask.negated(), with: -.infinity) } else { scores }
  }

  /// The keys that some of these rows may look at.
  private func within(reachOf rows: Range<Int>, keys: Int) -> Range<Int> {
    switch reach {
    case .everything: 0..<keys
    case .past: 0..<rows.upperBound
    case .window(let width): max(0, rows.lowerBound - width + 1)..<rows.upperBound
    }
  }

  /// bool `[rows, keys]`, true where a row may look; nothing where all may look at all.
  private func lookable(rows: Range<Int>, keys: Range<Int>, on device: Device) throws(TensorError) -> Tensor? {
    if reach == .everything || rows.count == 1 { return nil }
    let all = try Tensor.full([rows.count, keys.count], value: 1, dtype: .bool, on: device)
    // Row i of the block stands at key `first + i`.
    let first = rows.lowerBound - keys.lowerBound
    let past = try all.lowerTriangle(diagonal: first)
    guard let window else { return past }
    return try past.upperTriangle(diagonal: first - window + 1)
  }

  private func scored(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?
  ) throws(TensorError) -> Tensor {
    guard let softcap else {
      return try Tensor.attention(query: query, key: key, value: value, mask: mask, causal: false, scale: scale)
    }
    // Query heads that share a key head become one dimension, so that keys are not repeated.
    let (heads, rows, width) = (query.size(1), query.size(2), query.size(3))
    let grouped = try query.reshaped([key.size(1), heads / key.size(1), rows, width])
    let raw = try grouped.matmul(key.squeezed(0).unsqueezed(1).transposed()) * scale
    var scores = try (raw / softcap).tanh() * softcap
    if let mask {
      scores =
        try mask.dtype == .bool
        ? scores.filled(where: mask.negated(), with: -.infinity) : scores + mask.converted(to: scores.dtype)
    }
    let z = try scores.softmax(along: -1).matmul(value.squeezed(0).unsqueezed(1))
    return try z.reshaped([1, heads, rows, width])
  }
}
