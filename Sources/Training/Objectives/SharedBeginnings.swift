import LanguageModels
import Tensors

/// Examples as branches of one tree, so that a beginning that several have in common is computed once in a step.
///
/// A row is shared where all tokens up to it are the same and the edits treat them alike; its gradient is then the sum over the
/// examples, as it is when each has a row of its own.
struct SharedBeginnings {
  /// The branches, a beginning before what goes on from it.
  let sequences: [TokenBatch.Sequence]
  /// The example that each branch is taken from.
  let owners: [Int]
  private let tree: TextTree

  /// The tree of some whole sequences; `nil` where they share nothing.
  ///
  /// - Parameter treatments: what the edits do to each row of their batch, as ``Tap/treatments(of:)`` tells it.
  init?(_ whole: [TokenBatch.Sequence], treatments: [Int32]) {
    var next = 0
    tree = TextTree(
      whole.map { sequence in
        defer { next += sequence.tokens.count }
        return zip(sequence.tokens, treatments[next...]).map { TextTree.key(token: $0, treatment: $1) }
      })
    guard tree.rowCount < treatments.count else { return nil }
    let pieces = tree.pieces(of: 0..<tree.rowCount)
    owners = pieces.map(\.text)
    sequences = pieces.map { piece in
      var sequence = whole[piece.text]
      sequence.tokens = Array(sequence.tokens[piece.positions])
      sequence.start = piece.positions.lowerBound
      sequence.parent = piece.parent
      return sequence
    }
  }

  /// The row of a position of an example.
  func row(of example: Int, at position: Int) -> Int { tree.row(of: example, at: position) }
}
