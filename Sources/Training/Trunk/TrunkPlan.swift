public import LanguageModels
import Tensors

/// What keeping the trunk of a run takes, and whether it is done.
public struct TrunkPlan: Sendable, Equatable {
  /// Where the trunk ends.
  public let site: Site
  /// Blocks below that place, and of the whole model.
  public let blocks, blockCount: Int
  /// Tokens of the different texts of the run.
  public let rows: Int
  /// What their activations take.
  public let bytes: Int
  /// What is done.
  public let decision: Decision

  /// What is done with the activations of the trunk.
  public enum Decision: Sendable, Equatable {
    /// They are kept in memory.
    case memory
    /// They are kept on disk.
    case disk
    /// They are computed in every epoch.
    case none(reason: String)
  }

  /// The plan of a run; `nil` where no block lies below the lowest edit, or nobody wants the trunk kept.
  ///
  /// - Parameter folder: whose disk is asked for room.
  /// - Throws: ``TrainingError/noRoom(bytes:free:place:)`` where a place was chosen that has too little.
  public init?(
    _ objective: any Objective, examples: [TrainingExample], validation: [TrainingExample], settings: TrainingSettings,
    model: any LanguageModel, folder: String
  ) throws(TrainingError) {
    guard settings.cacheTrunk != .off, let trunk = objective.trunk else { return nil }
    let texts = Trunk.distinct([(examples + validation).flatMap(objective.sequences)])
    rows = texts.joined().reduce(0) { $0 + $1.tokens.count }
    (site, blocks, blockCount) = (trunk.site, trunk.site.blocksBelow, trunk.blockCount)
    bytes = rows * model.shape.hidden * model.embeddingTable.dtype.byteCount
    decision = try Self.decision(
      settings.cacheTrunk, bytes: bytes, share: Double(blocks) / Double(blockCount), epochs: settings.epochs,
      memory: FreeRoom.memory ?? .max, disk: FreeRoom.disk(of: folder) ?? .max, folder: folder)
  }

  /// Where activations are kept, by what is free.
  static func decision(
    _ caching: TrunkCaching, bytes: Int, share: Double, epochs: Int, memory: Int, disk: Int, folder: String
  ) throws(TrainingError) -> Decision {
    switch caching {
    case .off: return .none(reason: "nobody wants them kept")
    case .memory:
      guard bytes <= memory else { throw .noRoom(bytes: bytes, free: memory, place: "memory") }
      return .memory
    case .disk:
      guard bytes <= disk else { throw .noRoom(bytes: bytes, free: disk, place: folder) }
      return .disk
    case .auto:
      if epochs == 1 { return .none(reason: "one epoch reads every text once") }
      if bytes <= memory / 4 { return .memory }
      if share < 0.1 {
        return .none(reason: "they are less than a tenth of the model, and more than a quarter of the free memory")
      }
      if bytes <= disk / 2 { return .disk }
      return .none(
        reason: "\(bytes.asSize) are more than a quarter of the free memory and half of the free disk")
    }
  }

  /// Whether the activations are kept.
  public var isKept: Bool { decision == .memory || decision == .disk }

  /// The plan in words, on one line.
  public var line: String {
    let below = "\(blocks) of \(blockCount) blocks lie below the lowest edit (\(site))"
    let size = "\(rows) tokens once through them, \(bytes.asSize)"
    return switch decision {
    case .memory: "\(below): kept in memory, \(size)"
    case .disk: "\(below): kept on disk, \(size)"
    case .none(let reason): "\(below), computed in every epoch: \(reason)"
    }
  }
}

extension Int {
  /// Bytes in words: `64.2 MB`.
  var asSize: String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
    guard let (size, unit) = units.first(where: { Double(self) >= $0.0 }) else { return "\(self) bytes" }
    return "\((Double(self) / size * 10).rounded() / 10) \(unit)"
  }
}
