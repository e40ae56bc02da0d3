import LanguageModels
import Tensors

/// What the edits do at each position of a text, which depends on where its prompt ends and on its route.
struct Treatments {
  private struct Kind: Hashable {
    let route: Int
    let promptLength: Int

    init(_ text: ScoredText) {
      route = text.route
      promptLength = text.boundary
    }
  }

  private var treatments: [Kind: ArraySlice<Int32>] = [:]
  private var prefixLengths: [Kind: Int] = [:]

  /// Asks the edits once about a batch with a text of every kind.
  init(of texts: [ScoredText], _ edits: Edits) throws(TensorError) {
    var lengths: [Kind: Int] = [:]
    for text in texts { lengths[Kind(text)] = max(lengths[Kind(text)] ?? 0, text.fed.count) }
    guard !lengths.isEmpty else { return }
    let kinds = lengths.sorted { ($0.key.route, $0.key.promptLength) < ($1.key.route, $1.key.promptLength) }
    let batch = TokenBatch(
      kinds.map { kind, length in
        .init(
          tokens: [Int32](repeating: 0, count: length), promptLength: kind.promptLength, route: kind.route)
      })
    let tap = try edits(batch)
    let all = tap.treatments(of: batch)
    for (i, (kind, _)) in kinds.enumerated() {
      treatments[kind] = all[batch.rows[i]]
      prefixLengths[kind] = tap.prefixes[i]?.length
    }
  }

  /// Rows that the edits put before a text.
  func prefixLength(of text: ScoredText) -> Int { prefixLengths[Kind(text)] ?? 0 }

  /// The tokens that are fed of a text, each with its treatment.
  func keys(of text: ScoredText) -> [TextTree.Key] {
    zip(text.fed, treatments[Kind(text)] ?? []).map { TextTree.key(token: $0, treatment: $1) }
  }
}
