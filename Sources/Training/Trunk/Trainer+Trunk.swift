import Checkpoints
import LanguageModels

extension Trainer {
  /// Computes the activations below the lowest edit once, where ``trunk`` says that they are kept; ``run(shouldStop:onEvent:)``
  /// does it first if nobody has.
  ///
  /// The order is that of the data, so that a resumed run has the same numbers, bit for bit.
  ///
  /// - Parameters:
  ///   - shouldStop: asked between two passes; what was computed is then lost.
  ///   - onProgress: told after each pass how many of ``TrunkPlan/rows`` are done.
  public func keepTrunk(
    shouldStop: () -> Bool = { false }, onProgress: (_ rows: Int) throws -> Void = { _ in }
  ) throws {
    guard !trunkIsKept, let plan = trunk, let kept = objective.trunk else { return }
    let room: (Int) throws -> ScratchBytes
    switch plan.decision {
    case .none: return
    case .memory: room = { try ScratchBytes(inMemory: $0) }
    case .disk: room = { [folder] in try ScratchBytes(onDiskOf: folder, count: $0) }
    }
    trunkIsKept = try kept.keep(
      [training.flatMap(objective.sequences), validation.flatMap(objective.sequences)], in: room,
      budget: settings.microBatchTokens
    ) { rows in
      try onProgress(rows)
      return !shouldStop()
    }
    if trunkIsKept { try onProgress(plan.rows) }
  }
}
