public import LanguageModels
public import Tensors

/// A method that says how much of its concept a token holds.
public protocol ConceptDetecting: Intervention {
  /// One number at least zero for each row of the activation, `[rows]`.
  func latents(of activation: Tensor) throws(TensorError) -> Tensor
}

/// How much of a concept a text holds, by one intervention.
public struct ConceptScore: Sendable, Equatable {
  /// Whose score it is: ``Adapter/Part/key``.
  public let part: String
  /// The positions of the text that were looked at, ascending: those that the intervention edits.
  public let positions: [Int]
  /// The latent of each of these tokens.
  public let latents: [Float]

  /// The score of the whole text, the largest latent; 0 where no position was looked at.
  public var maximum: Float { latents.max() ?? 0 }
}

extension Adapter {
  /// The scores of each sequence of a batch, by every part that detects; the model is not edited meanwhile.
  ///
  /// - Precondition: whole sequences, so that no cache is needed.
  /// - Returns: for each sequence, one score a part; empty for methods that detect nothing.
  public func conceptScores(
    of batch: TokenBatch, in model: any LanguageModel
  ) throws(TensorError) -> [[ConceptScore]] {
    let detectors = parts.compactMap { part in (part.intervention as? any ConceptDetecting).map { (part, $0) } }
    var tap = Tap.none
    var recorders: [Site: Recorder] = [:]
    for (part, _) in detectors where recorders[part.target.site] == nil {
      let recorder = Recorder()
      recorders[part.target.site] = recorder
      tap.place(recorder, at: part.target.site, on: .all)
    }
    var scores = [[ConceptScore]](repeating: [], count: batch.sequences.count)
    try withoutGradients { () throws(TensorError) in
      _ = try model.hidden(batch, cache: nil, tap: tap)
      for (part, detector) in detectors {
        guard let activation = recorders[part.target.site]?.activations.first else { continue }
        let latents = try detector.latents(of: activation).values(as: Float.self)
        for (index, (sequence, rows)) in zip(batch.sequences, batch.rows).enumerated() {
          let positions = part.positions
            .ranges(promptLength: sequence.promptLength, side: part.side, rule: plan.rule)
            .flatMap { Array($0.clamped(to: 0..<sequence.tokens.count)) }
          scores[index].append(
            ConceptScore(part: part.key, positions: positions, latents: positions.map { latents[rows.lowerBound + $0] })
          )
        }
      }
    }
    return scores
  }
}
