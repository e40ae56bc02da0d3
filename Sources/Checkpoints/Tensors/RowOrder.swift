/// In which order the rows of a matrix (or the elements of a bias) lie in the file.
enum RowOrder: Sendable, Equatable {
  /// As the Hugging Face layout has them.
  case plain
  /// As llama.cpp stores the query and key projections of llama models: within each head, the two halves that rotary
  /// embedding pairs are interleaved.
  ///
  /// The converter does `w.reshape(heads, 2, d / 2, in).swapaxes(1, 2)` (convert_hf_to_gguf.py, `permute`), so row i of
  /// half p lies in row 2 i + p of its head.
  case interleavedHalves(heads: Int)

  /// The stored row that holds row `row` of `rows`.
  func stored(_ row: Int, of rows: Int) -> Int {
    guard case .interleavedHalves(let heads) = self else { return row }
    let perHead = rows / heads
    let half = perHead / 2
    let (head, within) = row.quotientAndRemainder(dividingBy: perHead)
    let (p, i) = within.quotientAndRemainder(dividingBy: half)
    return head * perHead + 2 * i + p
  }
}
