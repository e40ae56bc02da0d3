public import LanguageModels
import Tensors

/// Contrast vectors (RepE): at every step, `h <- h + alpha (h+ - h-)`, the difference of the same text read after a positive and
/// after a negative prompt.
///
/// The three sequences go through the model together, in one pass and one cache: 3i is the base, 3i + 1 its positive, 3i + 2 its
/// negative prompt, each followed by the same generated tokens. Only the base rows change.
///
/// Source: arXiv 2310.01405, sec. 3.2.1. The reference runs three passes a step without a cache, one text at a time.
public struct ContrastVectors: Sendable {
  /// Where the difference is added.
  public var sites: [Site]
  /// Factor on the difference.
  public var alpha: Double
  /// Tokens at the end of the prompt at which it acts; at generated tokens it always does.
  public var lastTokens: Int

  /// Contrast vectors at these sites.
  public init(sites: [Site], alpha: Double = 1, lastTokens: Int = 1) {
    self.sites = sites
    self.alpha = alpha
    self.lastTokens = lastTokens
  }

  /// The edits of one pass over triples.
  ///
  /// - Throws: ``FittingError/contrastOutOfStep(sequence:position:)`` where a partner's row is not in this pass, and
  ///   ``FittingError/setting(key:expected:got:)`` for a batch that is not made of triples.
  public func tap(for batch: TokenBatch) throws -> Tap {
    guard batch.sequences.count % 3 == 0 else {
      throw FittingError.setting(
        key: "contrast batch", expected: "base, positive and negative sequences in turn",
        got: "\(batch.sequences.count) sequences")
    }
    var rows: (base: [Int64], up: [Int64], down: [Int64]) = ([], [], [])
    for i in stride(from: 0, to: batch.sequences.count, by: 3) {
      let base = batch.sequences[i]
      for row in batch.rows[i] {
        let position = base.start + row - batch.rows[i].lowerBound
        let fromEnd = position - base.promptLength
        guard fromEnd >= -lastTokens else { continue }
        func partner(_ sequence: Int) throws -> Int64 {
          let (s, packed) = (batch.sequences[sequence], batch.rows[sequence])
          let place = s.promptLength + fromEnd - s.start
          guard (0..<packed.count).contains(place) else {
            throw FittingError.contrastOutOfStep(sequence: i / 3, position: position)
          }
          return Int64(packed.lowerBound + place)
        }
        rows.base.append(Int64(row))
        rows.up.append(try partner(i + 1))
        rows.down.append(try partner(i + 2))
      }
    }
    var tap = Tap.none
    guard !rows.base.isEmpty else { return tap }
    for site in sites {
      let edit = ContrastEdit(
        base: try Tensor(rows.base), positive: try Tensor(rows.up), negative: try Tensor(rows.down), alpha: alpha)
      tap.place(edit, at: site, on: .all)
    }
    return tap
  }
}

/// Adds the difference of two rows to a third.
private final class ContrastEdit: ActivationEdit {
  private let base: Tensor
  private let positive: Tensor
  private let negative: Tensor
  private let alpha: Double

  init(base: Tensor, positive: Tensor, negative: Tensor, alpha: Double) {
    self.base = base
    self.positive = positive
    self.negative = negative
    self.alpha = alpha
  }

  func callAsFunction(_ h: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    let device = h.device
    let difference = try h.selected(positive.moved(to: device)) - h.selected(negative.moved(to: device))
    let rows = try base.moved(to: device)
    return try h.replacing(rows, with: h.selected(rows) + difference * alpha)
  }
}
