import Tensors

/// Keys and values of one layer along one path of a tree of texts.
///
/// A tree is read some rows at a time, each behind its ancestors. What the rows to come can still see of those that were read is
/// then one path: the ancestors of the next row.
public final class PathStore {
  /// What is held when a pass is over: the first tokens of what was held before, and some rows of the pass behind them.
  public struct Step: Sendable, Equatable {
    let depth: Int
    let rows: [Range<Int>]

    /// A step to the path of the row with which the next pass begins.
    public init(depth: Int, rows: [Range<Int>]) {
      self.depth = depth
      self.rows = rows
    }
  }

  /// The step at the end of the next pass.
  public var step = Step(depth: 0, rows: [])
  /// Rows that stand before those of the first token.
  private var virtual = 0
  /// Rows of tokens.
  private var count = 0
  private var keys: Tensor?  // [virtual + count, kvHeads, headDim]
  private var values: Tensor?

  /// An empty store.
  public init() {}

  /// Keys and values of the first tokens and of what stands before them, `[virtual + n, kvHeads, headDim]`.
  func first(_ n: Int) throws(TensorError) -> (keys: Tensor, values: Tensor)? {
    guard let keys, let values, virtual + n > 0 else { return nil }
    if n == count { return (keys, values) }
    return (try keys.narrowed(0, 0..<virtual + n), try values.narrowed(0, 0..<virtual + n))
  }

  /// Keys and values of all tokens on the path; `nil` where it is empty.
  var all: (keys: Tensor, values: Tensor)? { keys.flatMap { keys in values.map { (keys, $0) } } }

  /// Takes the step among the keys and values of a pass, `[rows, kvHeads, headDim]`.
  ///
  /// - Parameter prefix: what stands before the text where the step begins with its first token.
  func advance(
    keys newKeys: Tensor, values newValues: Tensor, behind prefix: (keys: Tensor, values: Tensor)?
  ) throws(TensorError) {
    if step.depth == count, step.rows.isEmpty { return }
    let kept = step.depth > 0 ? try first(step.depth) : prefix
    if step.depth == 0 { virtual = prefix?.keys.size(0) ?? 0 }
    var parts = kept.map { [$0] } ?? []
    for rows in step.rows { parts.append((try newKeys.narrowed(0, rows), try newValues.narrowed(0, rows))) }
    count = step.depth + step.rows.reduce(0) { $0 + $1.count }
    // Copies: a view would hold on to all rows of the pass.
    keys = parts.isEmpty ? nil : try Tensor.concatenated(parts.map(\.keys), along: 0).contiguous()
    values = parts.isEmpty ? nil : try Tensor.concatenated(parts.map(\.values), along: 0).contiguous()
  }
}
