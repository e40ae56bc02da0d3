/// In which form a file holds a tensor of the Hugging Face layout: what a converter did to it, which reading undoes.
enum StoredForm: Sendable, Equatable {
  /// As the Hugging Face layout has it.
  case plain
  /// Within each head, the two halves of rows that rotary embedding pairs are interleaved, as llama.cpp stores the query and
  /// key projections of llama models.
  ///
  /// The converter does `w.reshape(heads, 2, d / 2, in).swapaxes(1, 2)` (convert_hf_to_gguf.py, `LlamaModel.permute`), so
  /// row i of half p lies in row 2 i + p of its head.
  case interleavedHalves(heads: Int)
  /// All queries, then all keys, then all values, where the Hugging Face layout has the three of each head together
  /// (convert_hf_to_gguf.py, `GPTNeoXModel`).
  case partsApart(parts: Int, heads: Int)
  /// [out, in] where the Hugging Face layout has [in, out], as GPT-2's does (convert_hf_to_gguf.py, `GPT2Model`).
  case transposed
  /// With a constant added to every element: norms that the Hugging Face layout stores as their difference from one
  /// (convert_hf_to_gguf.py, `GemmaModel`).
  case raised(by: Float)

  /// The stored row (or, of a vector, element) that holds row `row` of `rows`; `nil` where rows lie in order.
  func storedRow(_ row: Int, of rows: Int) -> Int? {
    switch self {
    case .plain, .transposed, .raised: return nil
    case .interleavedHalves(let heads):
      let perHead = rows / heads
      let half = perHead / 2
      let (head, within) = row.quotientAndRemainder(dividingBy: perHead)
      let (p, i) = within.quotientAndRemainder(dividingBy: half)
      return head * perHead + 2 * i + p
    case .partsApart(let parts, let heads):
      let perPart = rows / (parts * heads)
      let (head, within) = row.quotientAndRemainder(dividingBy: parts * perPart)
      let (part, i) = within.quotientAndRemainder(dividingBy: perPart)
      return (part * heads + head) * perPart + i
    }
  }

  /// The shape in the Hugging Face layout.
  func shape(ofStored shape: [Int]) -> [Int] {
    self == .transposed ? shape.reversed() : shape
  }

  /// Why a tensor of the stored shape cannot have this form, `nil` where it can.
  func problem(withStored shape: [Int]) -> String? {
    switch self {
    case .plain, .raised: return nil
    case .transposed: return shape.count == 2 ? nil : "a matrix was expected, got the shape \(shape)"
    case .interleavedHalves(let heads):
      if shape[0] % (2 * heads) == 0 { return nil }
      return "\(shape[0]) rows cannot be shared by \(heads) heads of two halves each"
    case .partsApart(let parts, let heads):
      if shape[0] % (parts * heads) == 0 { return nil }
      return "\(shape[0]) rows cannot be shared by \(heads) heads of \(parts) parts each"
    }
  }
}
